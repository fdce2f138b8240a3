# Which request goes where, and how long answers are kept. Paths under /api/v2/ are mapped to those
# at the root. Nothing is compressed on the way: tiles are hashes, and bundles come as stored.
locals {
  # For the index, everything but its newest manifest and checkpoint. Front Door takes ten of them.
  immutable_prefixes = [
    "tile", "time", "attestations", "heads/page", "heads/note", "heads/json", "lookup/run", "lookup/tile",
    "lookup/revision",
  ]

  read_paths = { root = "", v2 = "api/v2/" }
}

resource "azurerm_cdn_frontdoor_rule_set" "reads" {
  cdn_frontdoor_profile_id = azurerm_cdn_frontdoor_profile.log.id
  name                     = "reads"
}

# Of two answers for one path and two queries each is kept apart: with a query, the container answers
# other questions than for the object.

# `checkpoint` and everything else. Crowds of readers are kept away from the container, whatever its
# headers say.
resource "azurerm_cdn_frontdoor_rule" "fresh" {
  cdn_frontdoor_rule_set_id = azurerm_cdn_frontdoor_rule_set.reads.id
  name                      = "fresh"
  order                     = 1

  actions {
    route_configuration_override_action {
      cache_behavior                = "OverrideAlways"
      cache_duration                = format("00:%02d:%02d", floor(var.checkpoint_seconds / 60), var.checkpoint_seconds % 60)
      query_string_caching_behavior = "UseQueryString"
      compression_enabled           = false
    }

    # Front Door says who it is, which older versions of the service do not understand.
    request_header_action {
      header_action = "Overwrite"
      header_name   = "x-ms-version"
      value         = "2023-11-03"
    }

    # Pages of all sites can read the log, whoever asked first.
    response_header_action {
      header_action = "Overwrite"
      header_name   = "Access-Control-Allow-Origin"
      value         = "*"
    }

    response_header_action {
      header_action = "Overwrite"
      header_name   = "Access-Control-Expose-Headers"
      value         = join(", ", local.exposed_headers)
    }
  }

  depends_on = [azurerm_cdn_frontdoor_origin.bucket]
}

# Tiles, bundles, parts of the index: a path's content never changes, and the headers say so.
resource "azurerm_cdn_frontdoor_rule" "immutable" {
  for_each = local.read_paths

  cdn_frontdoor_rule_set_id = azurerm_cdn_frontdoor_rule_set.reads.id
  name                      = "immutable${each.key}"
  order                     = 2 + index(keys(local.read_paths), each.key)

  conditions {
    url_path_condition {
      operator     = "BeginsWith"
      match_values = [for path in local.immutable_prefixes : "${each.value}${path}/"]
    }
  }

  actions {
    route_configuration_override_action {
      cache_behavior                = "HonorOrigin"
      query_string_caching_behavior = "UseQueryString"
      compression_enabled           = false
    }
  }

  depends_on = [azurerm_cdn_frontdoor_origin.bucket]
}

# What the pattern's `*` stands for is appended to the path of the log in the account.
resource "azurerm_cdn_frontdoor_route" "reads" {
  for_each = local.read_paths

  cdn_frontdoor_endpoint_id       = azurerm_cdn_frontdoor_endpoint.log.id
  cdn_frontdoor_origin_group_id   = azurerm_cdn_frontdoor_origin.bucket.cdn_frontdoor_origin_group_id
  cdn_frontdoor_origin_ids        = [azurerm_cdn_frontdoor_origin.bucket.id]
  cdn_frontdoor_origin_path       = "/${local.container}/${var.prefix}/"
  cdn_frontdoor_rule_set_ids      = [azurerm_cdn_frontdoor_rule_set.reads.id]
  cdn_frontdoor_custom_domain_ids = [azurerm_cdn_frontdoor_custom_domain.log.id]
  name                            = "reads${each.key}"
  patterns_to_match               = ["/${each.value}*"]
  supported_protocols             = ["Http", "Https"]
  forwarding_protocol             = "HttpsOnly"
  https_redirect_enabled          = true
  link_to_default_domain          = false

  cache {
    query_string_caching_behavior = "UseQueryString"
    compression_enabled           = false
  }
}

resource "azurerm_cdn_frontdoor_route" "submissions" {
  count = var.public_submissions ? 1 : 0

  cdn_frontdoor_endpoint_id       = azurerm_cdn_frontdoor_endpoint.log.id
  cdn_frontdoor_origin_group_id   = azurerm_cdn_frontdoor_origin_group.writers[0].id
  cdn_frontdoor_origin_ids        = [azurerm_cdn_frontdoor_origin.writers[0].id]
  cdn_frontdoor_custom_domain_ids = [azurerm_cdn_frontdoor_custom_domain.log.id]
  name                            = "submissions"
  patterns_to_match               = local.submission_paths
  supported_protocols             = ["Https"]
  forwarding_protocol             = "HttpOnly"
  https_redirect_enabled          = false
  link_to_default_domain          = false
}

resource "azurerm_cdn_frontdoor_custom_domain_association" "log" {
  cdn_frontdoor_custom_domain_id = azurerm_cdn_frontdoor_custom_domain.log.id
  cdn_frontdoor_route_ids = concat(
    [for route in azurerm_cdn_frontdoor_route.reads : route.id],
    azurerm_cdn_frontdoor_route.submissions[*].id,
  )
}
