# A fasti log on S3: any number of writers over one bucket, and static files for everyone else.
#
#   bucket.tf         what the log is: an S3 bucket
#   bucket_policy.tf  what nobody can do to it, writers included
#   writer_access.tf  what a writer can do to it
#   key.tf            where the log's secret is kept, and who signs
#   network.tf        who reaches whom
#   writers.tf        the writers, on ECS Fargate
#   balancer.tf       submissions to any writer that is ready
#   cache.tf, edge.tf reads and submissions from the world, through CloudFront
#   alarms.tf         what CloudWatch knows of it: alarms and a dashboard
#   prometheus.tf     what the writers say of themselves, and the alerts of terraform/monitoring

data "aws_region" "current" {}

locals {
  # Every object of the log is below this.
  objects_arn = "${aws_s3_bucket.log.arn}/${var.prefix}"

  store_url    = "s3://${aws_s3_bucket.log.bucket}/${var.prefix}"
  writer_port  = 3000
  metrics_port = 2112

  # The headers of an answer that pages of other sites can see.
  exposed_headers = ["Accept-Ranges", "Content-Encoding", "Content-Range", "Date", "ETag", "Retry-After"]

  # The only requests that go to a writer: submissions, and all of Rekor v1's API, which is also
  # asked with GET.
  submission_paths = concat(["/api/v2/log/entries"], var.accept_opaque ? ["/add"] : [])
  rekor_v1_paths   = ["/api/v1/*"]
}
