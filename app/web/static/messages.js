// What scripts say to people; app/web/messages.py has it, and each page brings it here.
const messages = JSON.parse(document.body.dataset.messages);

export function say(name, values = {}) {
  return messages[name].replace(/{(\w+)}/g, (_, key) => {
    const value = values[key];
    return typeof value === "number" ? value.toLocaleString("en") : value;
  });
}
