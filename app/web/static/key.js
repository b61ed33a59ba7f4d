// What the bookmarklet put behind the # must outlive the detour over this page: browsers carry the
// fragment of a form's address over the redirect that follows.
const form = document.querySelector(".ask");
if (form && location.hash) form.action = location.href;
