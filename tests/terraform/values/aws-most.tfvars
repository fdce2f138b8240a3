# Everything is on.
domain_name                = "log.example.org"
certificate_arn            = "arn:aws:acm:us-east-1:111122223333:certificate/1"
zone_id                    = "Z1"
bucket_name                = "the-log"
image                      = "registry.example.org/fasti:1"
vpc_id                     = "vpc-1"
subnet_ids                 = ["subnet-1", "subnet-2"]
accept_opaque              = true
kms_key_arn                = "arn:aws:kms:eu-west-1:111122223333:key/1"
witness_policy             = "log log.example.org+1+a\nwitness w w.example.org+2+b http://w.example.org\nquorum w\n"
submitter_cidr_blocks      = ["10.0.0.0/8"]
metrics_security_group_ids = ["sg-1"]
alarms                     = true
managed_prometheus         = true
notify                     = ["arn:aws:sns:eu-west-1:111122223333:pager"]
environment                = { FASTI_BATCH_MAX_ENTRIES = "8192" }
