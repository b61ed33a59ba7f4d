// Shows openapi.json with Swagger UI. A script of its own, because no page here may have one inline.

// Swagger UI has the style, and the switch in a bar that is not shown here.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// The samples of a call, which Swagger UI does not know, above its parameters.
function Samples({ React }) {
  const sample = ({ label, source }, index) =>
    React.createElement(
      "details",
      { key: label, name: "samples", open: index === 0 },
      React.createElement("summary", null, label),
      React.createElement("pre", { tabIndex: 0 }, source.replaceAll("http://localhost:8000", new URL(".", location).href.slice(0, -1))),
    );
  const above = (Parameters) => (props) =>
    React.createElement(
      React.Fragment,
      null,
      React.createElement("div", { className: "samples" }, (props.operation.get("x-codeSamples")?.toJS() ?? []).map(sample)),
      React.createElement(Parameters, props),
    );
  return { wrapComponents: { parameters: above } };
}

SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  plugins: [Samples],
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null, // it would ask a foreign host
});
