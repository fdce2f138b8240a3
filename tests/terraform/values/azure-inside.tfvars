# Nobody submits from outside.
resource_group_name   = "logs"
location              = "westeurope"
domain_name           = "log.example.org"
bucket_name           = "thelog"
image                 = "registry.example.org/fasti:1"
ssh_public_key        = "ssh-ed25519 AAAA"
subnet_id             = "/subscriptions/1/resourceGroups/logs/providers/Microsoft.Network/virtualNetworks/n/subnets/s"
public_submissions    = false
submitter_cidr_blocks = ["10.0.0.0/8"]
soft_delete_days      = 0
