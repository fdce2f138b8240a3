# What must be given, and nothing else.
project_id      = "the-project"
region          = "europe-west1"
domain_name     = "log.example.org"
bucket_name     = "the-log"
bucket_location = "europe-west1"
image           = "registry.example.org/fasti:1"
network         = "default"
subnetwork      = "default"
