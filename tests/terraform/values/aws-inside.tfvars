# Nobody submits from outside, and nobody runs here yet.
domain_name        = "log.example.org"
certificate_arn    = "arn:aws:acm:us-east-1:111122223333:certificate/1"
bucket_name        = "the-log"
image              = "registry.example.org/fasti:1"
vpc_id             = "vpc-1"
subnet_ids         = ["subnet-1", "subnet-2"]
public_submissions = false
writer_count       = 0
