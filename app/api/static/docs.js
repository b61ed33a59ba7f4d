// Shows openapi.json with Swagger UI. A script of its own, because no page here may have one inline.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null, // it would ask a foreign host
});
