# Nobody submits from outside, and nobody runs here yet.
project_id         = "the-project"
region             = "europe-west1"
domain_name        = "log.example.org"
bucket_name        = "the-log"
bucket_location    = "europe-west1"
image              = "registry.example.org/fasti:1"
network            = "default"
subnetwork         = "default"
public_submissions = false
writer_count       = 0
