//! Keys and signatures, whole, true and false.

use super::armor;
use super::entity::tag;
use super::signature_packet::kind;
use super::testing::{MADE, SIGNS, TestKey, packet, subpacket};
use super::{Key, PackageSignature, Signature};

const DATA: &[u8] = b"what was signed\n";
const LATER: u32 = MADE + 1_000_000;

fn key(packets: &[Vec<u8>]) -> Result<Key, String> {
    Key::parse(&packets.concat()).map_err(|error| error.to_string())
}

fn verify(key: &Key, signature: &[u8]) -> Result<(), String> {
    let signature = Signature::parse(signature).map_err(|error| error.to_string())?;
    signature.verify(key, DATA).map_err(|error| error.to_string())
}

/// The packets in a canonical key.
fn canonical(key: &Key) -> Vec<u8> {
    armor::Block::find(key.canonical()).unwrap().bytes().unwrap()
}

fn user_id(text: &str) -> Vec<u8> {
    packet(tag::USER_ID, text.as_bytes())
}

#[test]
fn a_key_and_its_signatures() {
    let ann = TestKey::new(1);
    let packets = ann.whole("Ann <Ann@example.com>");
    let key = key(std::slice::from_ref(&packets)).unwrap();
    assert_eq!(canonical(&key), packets);
    assert_eq!(key.emails(), ["Ann@example.com"]);
    let armored = Key::parse(key.canonical()).unwrap();
    assert_eq!(armored.canonical(), key.canonical());
    // Binary signatures are armored, and armored ones stay as they are.
    let binary = ann.detached(LATER, DATA);
    assert_eq!(verify(&key, &binary), Ok(()));
    let text = Signature::parse(&binary).unwrap().canonical().to_vec();
    assert_eq!(verify(&key, &text), Ok(()));
    let around = [b"text\n", &text[..], b"\ntext"].concat();
    assert_eq!(Signature::parse(&around).unwrap().canonical(), around);
    assert_eq!(verify(&key, &around), Ok(()));
    let other = TestKey::new(2).detached(LATER, DATA);
    let unknown = Err("openpgp: signature made by unknown entity".to_owned());
    assert_eq!(verify(&key, &other), unknown);
    assert_eq!(verify(&key, &[other, binary].concat()), Ok(()));
    let wrong = verify(&key, &ann.detached(LATER, b"else"));
    assert_eq!(wrong, Err("openpgp: invalid signature: EdDSA verification failure".to_owned()));
    let early = verify(&key, &ann.detached(MADE - 1, DATA));
    assert_eq!(early, Err("openpgp: key expired".to_owned()));
}

#[test]
fn text_is_signed_with_line_breaks_of_two_characters() {
    let ann = TestKey::new(1);
    let key = key(&[ann.whole("Ann")]).unwrap();
    let signed: &[u8] = b"a\r\nb\r\nc\r\r\r\nd\re";
    let signature = packet(tag::SIGNATURE, &ann.sign(kind::TEXT, LATER, &[], &[signed]));
    let signature = Signature::parse(&signature).unwrap();
    assert!(signature.verify(&key, b"a\nb\r\nc\r\r\nd\re").is_ok());
    assert!(signature.verify(&key, b"a\nb\nc\n").is_err());
    let odd = packet(tag::SIGNATURE, &ann.sign(kind::KEY_REVOCATION, LATER, &[], &[DATA]));
    assert!(verify(&key, &odd).unwrap_err().contains("unsupported signature type"));
}

#[test]
fn keys_that_were_prolonged() {
    let ann = TestKey::new(1);
    let lifetime = |seconds: u32| [subpacket(27, SIGNS), subpacket(9, &seconds.to_be_bytes())];
    let first = ann.certify("Ann", MADE, &lifetime(100));
    let second = ann.certify("Ann", MADE + 50, &lifetime(1000));
    let start = [ann.packet(), user_id("Ann")].concat();
    let expired = Err("openpgp: key expired".to_owned());
    let once = key(&[start.clone(), first.clone()]).unwrap();
    let newest = key(&[start.clone(), second.clone()]).unwrap();
    let twice = key(&[start, first, second]).unwrap();
    for (key, after, expected) in [
        (&once, 100, Ok(())),
        (&once, 101, expired.clone()),
        (&newest, 20, Ok(())),
        (&newest, 1000, Ok(())),
        (&newest, 1001, expired.clone()),
        (&twice, 20, Ok(())),
        (&twice, 1000, Ok(())),
        (&twice, 1001, expired.clone()),
    ] {
        assert_eq!(verify(key, &ann.detached(MADE + after, DATA)), expected, "{after}");
    }
}

#[test]
fn flags_and_notations_and_lifetimes() {
    let ann = TestKey::new(1);
    let verify_with = |more: &[Vec<u8>]| {
        let certification = ann.certify("Ann", MADE, more);
        let key = key(&[ann.packet(), user_id("Ann"), certification]).unwrap();
        verify(&key, &ann.detached(LATER, DATA))
    };
    let unknown = Err("openpgp: signature made by unknown entity".to_owned());
    assert_eq!(verify_with(&[]), unknown);
    assert_eq!(verify_with(&[subpacket(27, &[1])]), unknown);
    let signs = subpacket(27, SIGNS);
    assert_eq!(verify_with(std::slice::from_ref(&signs)), Ok(()));
    let ended = verify_with(&[signs.clone(), subpacket(3, &9_u32.to_be_bytes())]);
    assert_eq!(ended, Err("openpgp: signature expired".to_owned()));
    let notation = b"\x80\0\0\0\0\x01\0\x01nv";
    assert_eq!(verify_with(&[signs.clone(), subpacket(20, notation)]), Ok(()));
    let critical = verify_with(&[signs, subpacket(0x94, notation)]);
    assert!(critical.unwrap_err().contains("unknown critical notation: \"n\""));
}

#[test]
fn revocations() {
    let ann = TestKey::new(1);
    let revoked_at = |at, more: &[Vec<u8>]| {
        let body = ann.sign(kind::KEY_REVOCATION, at, more, &[&ann.hashed()]);
        let whole = ann.whole("Ann");
        let (primary, rest) = whole.split_at(ann.packet().len());
        key(&[primary.to_vec(), packet(tag::SIGNATURE, &body), rest.to_vec()]).unwrap()
    };
    let revoked = Err("openpgp: signature made by revoked key".to_owned());
    let signature = ann.detached(LATER, DATA);
    let retired = subpacket(29, &[3]);
    assert_eq!(verify(&revoked_at(LATER, std::slice::from_ref(&retired)), &signature), revoked);
    assert_eq!(verify(&revoked_at(LATER + 1, &[retired]), &signature), Ok(()));
    assert_eq!(verify(&revoked_at(LATER + 1, &[subpacket(29, &[2])]), &signature), revoked);
    // A revocation is kept. One that another key has signed does not count.
    assert!(canonical(&revoked_at(LATER, &[])).len() > ann.whole("Ann").len());
    let forged = TestKey::new(2).sign(kind::KEY_REVOCATION, LATER, &[], &[&ann.hashed()]);
    let whole = ann.whole("Ann");
    let (primary, rest) = whole.split_at(ann.packet().len());
    let forged = packet(tag::SIGNATURE, &forged);
    let fault = key(&[primary.to_vec(), forged.clone(), rest.to_vec()]).unwrap_err();
    assert!(fault.ends_with("revocation signature signed by alternate key"), "{fault}");
    let misplaced = key(&[whole, forged]).unwrap_err();
    assert!(misplaced.ends_with("user ID signature with wrong type"), "{misplaced}");
}

#[test]
fn subkeys() {
    let (ann, sub) = (TestKey::new(1), TestKey::new(3));
    let start = [ann.whole("Ann"), packet(tag::PUBLIC_SUBKEY, &sub.public.body)].concat();
    let (first, second) = (ann.bind(&sub, MADE, &[]), ann.bind(&sub, MADE + 99, &[]));
    let both = key(&[start.clone(), first.clone(), second.clone()]).unwrap();
    assert_eq!(verify(&both, &sub.detached(LATER, DATA)), Ok(()));
    assert_eq!(verify(&both, &sub.detached(MADE + 9, DATA)), Ok(()));
    // The newest binding is kept.
    assert_eq!(canonical(&both), [&start[..], &second].concat());
    let hashed = [&ann.hashed()[..], &sub.hashed()];
    let revocation = ann.sign(kind::SUBKEY_REVOCATION, LATER, &[], &hashed);
    let revocation = packet(tag::SIGNATURE, &revocation);
    let revoked = key(&[start.clone(), first.clone(), revocation.clone()]).unwrap();
    let message = "openpgp: signature made by revoked key".to_owned();
    assert_eq!(verify(&revoked, &sub.detached(LATER, DATA)), Err(message));
    assert_eq!(canonical(&revoked), [&start[..], &revocation, &first].concat());
    // Without a signature in return the subkey could be another's.
    let alone = ann.sign(kind::SUBKEY_BINDING, MADE, &[subpacket(27, &[2])], &hashed);
    let fault = key(&[start.clone(), packet(tag::SIGNATURE, &alone)]).unwrap_err();
    assert!(fault.contains("signing subkey is missing cross-signature"), "{fault}");
    let forged = TestKey::new(4).bind(&sub, MADE, &[]);
    assert!(key(&[start.clone(), forged]).unwrap_err().contains("subkey signature invalid"));
    assert!(key(&[start]).unwrap_err().contains("not followed by signature"));
}

#[test]
fn what_is_dropped_from_keys() {
    let (ann, bob) = (TestKey::new(1), TestKey::new(2));
    let whole = ann.whole("Ann");
    let third = bob.certify("Ann", MADE, &[]);
    let local = ann.certify("Ann", LATER, &[subpacket(4, &[0])]);
    let unknown = packet(tag::SIGNATURE, &[4, 0x13, 99, 8, 0, 0, 0, 0, 0, 0]);
    let old = packet(tag::SIGNATURE, &[3, 5]);
    let more = [
        third.clone(),
        packet(12, b"trust"),
        local,
        unknown,
        old,
        packet(10, b"PGP"),
        packet(61, b"private"),
        packet(17, b"\x05\x01abcd"),
        third.clone(),
        user_id("Unsigned"),
        third.clone(),
        ann.whole("Ann")[ann.packet().len()..].to_vec(),
    ];
    let key = key(&[whole.clone(), more.concat()]).unwrap();
    // The user ID that comes twice counts as it comes last: without the certification by another.
    assert_eq!(canonical(&key), whole);
    let certified = Key::parse(&[&whole[..], &third].concat()).unwrap();
    assert_eq!(canonical(&certified), [&whole[..], &third].concat());
}

#[test]
fn lengths_are_rewritten_where_nothing_is_signed() {
    let ann = TestKey::new(1);
    let signed = [subpacket(2, &MADE.to_be_bytes()), subpacket(27, SIGNS)].concat();
    let issuer = [&[16][..], &ann.public.id.to_be_bytes()].concat();
    let long = [&[255, 0, 0, 0, 9][..], &issuer].concat();
    let hashed = [&ann.hashed()[..], &[0xb4, 0, 0, 0, 3], b"Ann"];
    let certify = |other: &[u8]| {
        let body = ann.sign_with(kind::POSITIVE_CERTIFICATION, &signed, other, &hashed);
        [ann.packet(), user_id("Ann"), packet(tag::SIGNATURE, &body)].concat()
    };
    let key = key(&[certify(&long)]).unwrap();
    assert_eq!(canonical(&key), certify(&[&[9][..], &issuer].concat()));
    assert_eq!(verify(&key, &ann.detached(LATER, DATA)), Ok(()));
}

#[test]
fn several_keys() {
    let (ann, bob) = (TestKey::new(1), TestKey::new(2));
    let (first, second) = (ann.whole("Ann <a@b.c>"), bob.whole("Bob <b@b.c>"));
    let broken = [ann.packet(), user_id("Ann")].concat();
    let both = key(&[first.clone(), broken.clone(), second.clone()]).unwrap();
    assert_eq!(canonical(&both), [&first[..], &second].concat());
    assert_eq!(both.emails(), ["a@b.c", "b@b.c"]);
    assert_eq!(verify(&both, &bob.detached(LATER, DATA)), Ok(()));
    let text =
        |packets: &[u8]| [armor::encode("PGP PUBLIC KEY BLOCK", packets), b"\n".to_vec()].concat();
    let blocks = Key::parse(&[text(&first), text(&second)].concat()).unwrap();
    assert_eq!(blocks.canonical(), both.canonical());
    let alone = key(&[broken]).unwrap_err();
    assert!(alone.ends_with("v4 entity without any identities"), "{alone}");
}

#[test]
fn what_is_no_key() {
    let ann = TestKey::new(1);
    let whole = ann.whole("Ann");
    let refused = |bytes: &[u8]| Key::parse(bytes).unwrap_err().to_string();
    assert_eq!(refused(b"short"), "unable to read PGP public key: EOF");
    let text = String::from_utf8(armor::encode("PGP PUBLIC KEY BLOCK", &whole)).unwrap();
    for (text, message) in [
        (text.replace("PUBLIC", "PRIVATE"), "no PGP public keys could be read"),
        (text.replace("PUBLIC KEY BLOCK", "SIGNATURE"), "invalid PGP type detected"),
        (text.replace("-----END", "-----DONE"), "no PGP public keys could be read"),
        (
            format!("\n{text}"),
            "error reading binary PGP public key: openpgp: invalid data: tag byte does not have MSB set",
        ),
        (text.replace("\n\n", "\nx\n"), "invalid PGP public key provided: EOF"),
    ] {
        assert_eq!(refused(text.as_bytes()), message, "{text}");
    }
    let binary = |more: &[u8]| {
        let message = refused(&[&whole[..], more].concat());
        message.strip_prefix("error reading binary PGP public key: ").map(str::to_owned)
    };
    assert_eq!(binary(&[0xcd, 5]).as_deref(), Some("unexpected EOF"));
    let critical = binary(&packet(39, b"")).unwrap();
    assert_eq!(critical, "openpgp: unknown critical packet type: 39");
    assert!(binary(&packet(11, b"data")).unwrap().contains("a packet of type 11 in a key"));
    assert!(binary(&packet(17, b"\x05x")).unwrap().contains("subpacket truncated"));
    assert_eq!(binary(&packet(14, &[9])).as_deref(), Some("unexpected EOF"));
    assert!(binary(&packet(10, b"GPG")).unwrap().contains("invalid marker packet"));
    assert_eq!(
        refused(&[&whole[..], &packet(5, &ann.public.body)].concat()),
        "no PGP public keys could be read"
    );
    for length in 0..whole.len() {
        assert!(Key::parse(&whole[..length]).is_err(), "{length}");
    }
}

#[test]
fn nothing_else_is_a_signature() {
    let ann = TestKey::new(1);
    let refused = |bytes: &[u8]| Signature::parse(bytes).unwrap_err().to_string();
    assert_eq!(refused(b""), "invalid PGP signature: EOF");
    assert!(refused(&ann.whole("Ann")).ends_with("non signature packet found"));
    assert_eq!(refused(&armor::encode("PGP MESSAGE", b"x")), "invalid PGP signature provided");
    assert_eq!(refused(&packet(tag::SIGNATURE, &[9])), "invalid PGP signature: EOF");
    assert!(refused(b"-----BEGIN PGP SIGNATURE-----\n\n!!!!\n").contains("illegal base64 data"));
    let key = key(&[ann.whole("Ann")]).unwrap();
    let nobody = ann.sign_with(kind::BINARY, &subpacket(2, &LATER.to_be_bytes()), &[], &[DATA]);
    let nobody = verify(&key, &packet(tag::SIGNATURE, &nobody)).unwrap_err();
    assert!(nobody.ends_with("signature doesn't have an issuer"), "{nobody}");
    let good = ann.detached(LATER, DATA);
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut forged = good.clone();
            forged[at] ^= 1 << bit;
            let _ = verify(&key, &forged);
        }
        assert!(verify(&key, &good[..at]).is_err());
    }
}

#[test]
fn signatures_in_packages_outlive_their_keys() {
    let ann = TestKey::new(1);
    let lifetime = [subpacket(9, &1_u32.to_be_bytes())];
    let key = key(&[ann.packet(), user_id("Ann"), ann.certify("Ann", MADE, &lifetime)]).unwrap();
    let good = ann.detached(LATER, DATA);
    let verify = |signature: &[u8], parts| {
        let signature = PackageSignature::parse(signature);
        signature.and_then(|it| it.verify(&key, parts)).map_err(|error| error.to_string())
    };
    assert_eq!(verify(&good, [DATA, &[]]), Ok(()));
    assert_eq!(verify(&good, [&DATA[..3], &DATA[3..]]), Ok(()));
    assert!(verify(&good, [&[], &[]]).unwrap_err().contains("verification failure"));
    let other = verify(&TestKey::new(2).detached(LATER, DATA), [DATA, &[]]).unwrap_err();
    assert!(other.starts_with("keyid ") && other.ends_with(" not found"), "{other}");
    let more = verify(&[&good[..], &good].concat(), [DATA, &[]]).unwrap_err();
    assert_eq!(more, "trailing garbage after PGP signature packet");
    assert!(verify(&packet(13, b"x"), [DATA, &[]]).is_err());
}

#[test]
fn keys_that_would_keep_the_log_busy() {
    let ann = TestKey::new(1);
    let limited = |packets: &[Vec<u8>], what: &str| {
        let message = key(packets).unwrap_err();
        assert!(message.contains(what), "{message}");
    };
    let certification = ann.certify("Ann", MADE, &[]);
    let work = "the work of verifying PGP signatures exceeds";
    limited(&[ann.whole("Ann"), certification.repeat(3000)], work);
    let ids = (0..3000).map(|number| ann.whole(&number.to_string())[ann.packet().len()..].to_vec());
    limited(&[ann.packet(), ids.collect::<Vec<_>>().concat()], work);
    let sub = TestKey::new(3);
    let bound = [packet(tag::PUBLIC_SUBKEY, &sub.public.body), ann.bind(&sub, MADE, &[])].concat();
    limited(&[ann.whole("Ann"), bound.repeat(1500)], work);
    limited(&[ann.whole("Ann"), packet(61, b"").repeat(20_000)], "the number of PGP packets");
    limited(&[vec![0xcd; (1 << 20) + 1]], "the size of the PGP public key");
    let long = "a".repeat(1 << 19);
    limited(&[ann.packet(), user_id(&long), ann.certify(&long, MADE, &[]).repeat(100)], work);
    // Others' certifications cost nothing.
    let others = TestKey::new(2).certify("Ann", MADE, &[]).repeat(1000);
    assert!(key(&[ann.whole("Ann"), others]).is_ok());
}
