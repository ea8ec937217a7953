data "google_bigquery_default_service_account" "{{name}}" {}
