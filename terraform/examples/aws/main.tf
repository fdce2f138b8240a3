# A log with three writers, in an existing VPC.
provider "aws" {
  region = var.region
}

module "log" {
  source = "../../modules/aws"

  domain_name     = var.domain_name
  certificate_arn = var.certificate_arn
  zone_id         = var.zone_id
  bucket_name     = var.bucket_name
  image           = var.image
  writer_count    = var.writer_count
  vpc_id          = var.vpc_id
  subnet_ids      = var.subnet_ids
}

# With this endpoint the writers' traffic to S3 costs nothing and stays off the NAT gateway.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = var.vpc_id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = var.route_table_ids
}
