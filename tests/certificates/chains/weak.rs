//! Chains with keys and hashes that are too weak or too unusual, made with OpenSSL: in `weak.txt`
//! are their names, the signers' certificates and the authorities'.

use super::Written;

/// The chains, with what they are.
pub fn chains() -> Vec<(&'static str, Written)> {
    let chains = include_str!("weak.txt").lines().map(|line| {
        let fields: Vec<_> = line.split(' ').collect();
        let [what, signer, anchor] = fields[..] else { panic!("{line}") };
        let der = |hex| hex::decode(hex).expect("hexadecimal digits");
        let differences = match what {
            "p224" => vec!["keys on P-224"],
            "rsa1024" | "rsa1536" => vec!["RSA keys of less than 2048 bits"],
            _ => Vec::new(),
        };
        let (signer, anchors) = (der(signer), vec![der(anchor)]);
        (what, Written { signer, anchors, intermediates: Vec::new(), differences })
    });
    let chains: Vec<_> = chains.collect();
    assert_eq!(chains.len(), 8);
    chains
}
