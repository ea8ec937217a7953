variable "orders_password" {
  type      = string
  sensitive = true
}

variable "detailed_monitoring" {
  type    = bool
  default = false
}
