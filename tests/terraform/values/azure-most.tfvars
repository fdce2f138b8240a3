# Everything is on.
resource_group_name   = "logs"
location              = "westeurope"
domain_name           = "log.example.org"
zone_id               = "/subscriptions/1/resourceGroups/logs/providers/Microsoft.Network/dnsZones/example.org"
firewall_policy_id    = "/subscriptions/1/resourceGroups/logs/providers/Microsoft.Network/frontDoorWebApplicationFirewallPolicies/w"
bucket_name           = "thelog"
image                 = "registry.azurecr.io/fasti:1"
ssh_public_key        = "ssh-ed25519 AAAA"
subnet_id             = "/subscriptions/1/resourceGroups/logs/providers/Microsoft.Network/virtualNetworks/n/subnets/s"
accept_opaque         = true
witness_policy        = "log log.example.org+1+a\nwitness w w.example.org+2+b http://w.example.org\nquorum w\n"
submitter_cidr_blocks = ["10.0.0.0/8"]
metrics_cidr_blocks   = ["10.1.0.0/16"]
alarms                = true
managed_prometheus    = true
notify                = ["/subscriptions/1/resourceGroups/logs/providers/Microsoft.Insights/actionGroups/pager"]
environment           = { FASTI_BATCH_MAX_ENTRIES = "8192" }
