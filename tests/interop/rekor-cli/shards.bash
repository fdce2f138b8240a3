# Sourced by `run`: a log ends, and rekor-cli reads it as an inactive shard of the log after it. It
# knows both by one key.

# created ARGUMENT...: uploads an entry to $log, and prints its entry ID.
created() {
  local said
  said=$(rekor upload "$@" 2>&1) || failed "upload $*: $said"
  sed -n 's/^Created entry at index [0-9]*, available at: .*\///p' <<<"$said" | grep .
}

hashed=(--type hashedrekord --artifact artifact --signature artifact.sig "${x509[@]}")
whole=(--type rekord --artifact artifact --signature artifact.sig "${x509[@]}")
start_log older --rekor-v1-key v1.pem
log=older
old=("$(created "${hashed[@]}")")
says "Active Tree Size:       1" loginfo
old+=("$(created "${whole[@]}")")
old_tree=$(tree_id)
stop_log older
"$bin/fasti" freeze --store older >/dev/null

start_log newer --rekor-v1-key v1.pem --rekor-v1-shard "older,vkey=$(cat older.vkey),sign"
log=newer
new=$(created --type dsse --artifact envelope.json "${x509[@]}")
says "Total Tree Size:        3" loginfo
# Of the old log it has seen a tree of one entry, which has grown since.
says "Active Tree Size:       1" loginfo
echo "ok: loginfo with an inactive shard"
rekor logproof --first-size 1 --last-size 2 --tree-id "$old_tree" | grep -q 'Root Hash' || failed "logproof of a shard"
echo "ok: logproof of an inactive shard"

all=("${old[@]}" "$new")
for index in 0 1 2; do
  id=${all[$index]} in_tree=$((index < 2 ? index : 0))
  says "UUID: $id" get --uuid "$id"
  says "UUID: $id" get --log-index $index
  says "Index: $index" get --uuid "$id"
  for named in "--uuid $id" "--uuid ${id:16}" "--log-index $index"; do
    # shellcheck disable=SC2086
    says "Entry Index in Current Tree: $in_tree" verify $named
  done
done
says "Entry Hash: ${old[0]:16}" verify "${hashed[@]}"
refuses 'getLogEntryByIndexNotFound' get --log-index 3
refuses 'getLogEntryByUuidNotFound' get --uuid "${new:0:16}${old[0]:16}"
echo "ok: get and verify in all shards, by ID, UUID, index and artifact"
found=$(rekor search --artifact artifact 2>/dev/null | grep . | sort)
[ "$found" = "$(printf '%s\n' "${old[@]}" | sort)" ] || failed "search in a shard: found $found"
echo "ok: search in an inactive shard"
# What an old shard has is logged again, and then there is one answer.
again=$(created "${hashed[@]}")
says "Entry Hash: ${again:16}" verify "${hashed[@]}"
says "UUID: $again" get --log-index 3
says "UUID: ${old[0]}" get --log-index 0
echo "ok: upload of what an inactive shard has"

# Without the key nobody signs, and rekor-cli gets no signed timestamp.
start_log unsigned --rekor-v1-shard "older,vkey=$(cat older.vkey)"
log=unsigned
found=$(rekor search --artifact artifact 2>/dev/null | grep . | sort)
[ "$found" = "$(printf '%s\n' "${old[@]}" | sort)" ] || failed "search in an unsigned shard: found $found"
refuses 'unable to verify entry was added to log' get --uuid "${old[0]}"
