# Everything is on.
project_id              = "the-project"
region                  = "europe-west1"
domain_name             = "log.example.org"
bucket_name             = "the-log"
bucket_location         = "europe-west1"
image                   = "europe-docker.pkg.dev/the-project/images/fasti:1"
network                 = "default"
subnetwork              = "default"
accept_opaque           = true
kms_key_version         = "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"
witness_policy          = "log log.example.org+1+a\nwitness w w.example.org+2+b http://w.example.org\nquorum w\n"
submitter_source_ranges = ["10.0.0.0/8"]
metrics_source_ranges   = ["10.1.0.0/16"]
alarms                  = true
managed_prometheus      = true
notify                  = ["projects/the-project/notificationChannels/1"]
environment             = { FASTI_BATCH_MAX_ENTRIES = "8192" }
