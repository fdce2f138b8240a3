//! Where answers differ from Rekor's on purpose.

/// Answers that differ for one reason.
pub struct Difference {
    pub reason: &'static str,
    /// The exchanges, and what is different in the answer here.
    pub answers: &'static [(&'static str, &'static str)],
}

/// All of them.
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        reason: "The writer has one tree; trees from before it are not configured here.",
        answers: &[
            ("log info", "/inactiveShards null"),
            ("log info, stable", "/inactiveShards null"),
            ("GET /api/v1/log/", "/inactiveShards null"),
            ("CORS simple", "/inactiveShards null"),
            ("gzip accepted", "/inactiveShards null"),
            (
                "public key ?treeID=3904496407287907110",
                "status 400; Content-Type \"application/json\"; body \
                 \"{\\\"code\\\":400,\\\"message\\\":\\\"Bad Request\\\"}\"",
            ),
            (
                "proof ?lastSize=3&treeID=3904496407287907110",
                "status 400; /hashes null; /rootHash null; /code 400; /message \"no log range \
                 found for tree ID 3904496407287907110\"",
            ),
            ("entry by index ?logIndex=4", "status 404; Content-Type null; body \"\""),
        ],
    },
    Difference {
        reason: "An error is JSON, and says so.",
        answers: &[
            ("public key ?treeID=5", "Content-Type \"application/json\""),
            ("public key ?treeID=99999999999999999999", "Content-Type \"application/json\""),
        ],
    },
    Difference {
        reason: "Go's decoders word their own errors.",
        answers: &[
            (
                "entry tree above int64",
                "/message \"validation error: invalid TreeID: ffffffffffffffff: value out of \
                 range\"",
            ),
            (
                "retrieve array",
                "/message \"parsing entry body from \\\"\\\" failed, because it is not an object\"",
            ),
            (
                "retrieve index as text",
                "/message \"parsing entry body from \\\"\\\" failed, because invalid type: \
                 string \\\"1\\\", expected i64 at line 1 column 18\"",
            ),
            (
                "retrieve index 1.0",
                "/message \"parsing entry body from \\\"\\\" failed, because invalid type: \
                 floating point `1.0`, expected i64 at line 1 column 18\"",
            ),
        ],
    },
    Difference {
        reason: "Entries of v2 can have SHA-384 digests, so they can be searched for.",
        answers: &[
            (
                "index short hash",
                "/message \"hash in body should match \
                 '^(sha512:)?[0-9a-fA-F]{128}$|^(sha384:)?[0-9a-fA-F]{96}$|\
                 ^(sha256:)?[0-9a-fA-F]{64}$|^(sha1:)?[0-9a-fA-F]{40}$'\"",
            ),
            ("index sha384", "status 200; body []"),
        ],
    },
    Difference {
        reason: "A digest is found by its bytes, whatever a statement calls it: this one is the \
                 gitCommit of a subject.",
        answers: &[
            (
                "index sha1",
                "body [\"108e9186e8c5677aa76944babbaf3898b8a00825ee5d010b1366ac48196639db8b825758\
                 a1fc0f6e\"]",
            ),
            (
                "index sha1 without algorithm",
                "body [\"108e9186e8c5677aa76944babbaf3898b8a00825ee5d010b1366ac48196639db8b825758\
                 a1fc0f6e\"]",
            ),
        ],
    },
    Difference {
        reason: "Wherever there is GET, there is HEAD; and a method that is not allowed is no \
                 unknown path.",
        answers: &[
            (
                "POST /ping",
                "status 405; Allow \"GET, HEAD\"; /code 12; /message \"the method POST is not \
                 allowed here; use GET, HEAD\"; /details []",
            ),
            (
                "PUT /api/v1/log",
                "Allow \"GET, HEAD\"; /message \"the method PUT is not allowed here; use GET, \
                 HEAD\"",
            ),
            ("HEAD /api/v1/log", "status 200; Allow null"),
            (
                "DELETE /api/v1/log/entries",
                "Allow \"GET, HEAD, POST\"; /message \"the method DELETE is not allowed here; \
                 use GET, HEAD, POST\"",
            ),
            (
                "GET /api/v1/log/entries/retrieve",
                "status 405; Allow \"POST\"; /code 405; /message \"the method GET is not \
                 allowed here; use POST\"",
            ),
            (
                "GET /api/v1/index/retrieve",
                "/message \"the method GET is not allowed here; use POST\"",
            ),
        ],
    },
    Difference {
        reason: "Paths that lead nowhere are refused in the same words everywhere; probes find \
                 `/healthz`.",
        answers: &[
            ("GET /api/v1/version", "/message \"there is nothing at /api/v1/version\""),
            ("GET /api/v1/nope", "/message \"there is nothing at /api/v1/nope\""),
            ("GET /healthz", "status 200; /code null; /message null; /status \"SERVING\""),
        ],
    },
    Difference {
        reason: "Pages of other sites submit only with permission.",
        answers: &[(
            "CORS preflight",
            "status 403; Content-Type \"application/json\"; body \
             \"{\\\"code\\\":403,\\\"message\\\":\\\"pages of https://app.example may not \
             submit to this log; its operator can allow that with --cors-submit\\\"}\"",
        )],
    },
];
