data "google_project" "{{name}}" {}
