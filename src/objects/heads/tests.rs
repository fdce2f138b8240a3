//! Pages that grow head by head, and everything that is not one.

use super::*;

fn head(n: u64) -> KeptHead {
    KeptHead {
        size: TreeSize::new(n * 3 + 1).expect("in range"),
        time: IntegratedTime::new(1_780_000_000 + n / 2 * 60).expect("in range"),
    }
}

#[test]
fn pages_follow_each_other_however_many_heads_there_are() {
    let mut page = HeadsPage::begin(head(0));
    for n in 1..600 {
        let next = page.followed_by(head(n)).expect("is later and larger");
        assert_eq!(next.newest().get(), n);
        assert_eq!(next.last(), head(n));
        assert_eq!(next.number().get(), n / 256);
        assert_eq!(next.is_full(), n % 256 == 255);
        let listed: Vec<_> = next.heads().collect();
        let expected = (n / 256 * 256..=n).map(|n| (HeadNumber(n), head(n)));
        assert_eq!(listed, expected.collect::<Vec<_>>());
        let text = next.to_string();
        assert!(text.len() <= HEADS_PAGE_BYTES_MAX);
        assert_eq!(HeadsPage::parse(text.as_bytes()), Ok(next.clone()));
        page = next;
    }
}

#[test]
fn the_longest_page_is_within_its_bound() {
    let largest = |n: u64| KeptHead {
        size: TreeSize::new((1 << 63) - 1 - 1000 + n).expect("in range"),
        time: IntegratedTime::new((1 << 63) - 1).expect("in range"),
    };
    let mut page = HeadsPage { first: HeadNumber((1 << 55) - 256), heads: vec![largest(0)] };
    for n in 1..256 {
        page = page.followed_by(largest(n)).expect("is larger");
    }
    assert!(page.to_string().len() <= HEADS_PAGE_BYTES_MAX, "{}", page.to_string().len());
}

#[test]
fn the_order_holds_within_a_page_and_from_one_to_the_next() {
    for count in [1, 100, 255, 256] {
        let mut page = HeadsPage::begin(head(0));
        for n in 1..count {
            page = page.followed_by(head(n)).expect("is later and larger");
        }
        let last = page.last();
        let larger = TreeSize::new(last.size.get() + 1).expect("in range");
        let earlier = IntegratedTime::new(last.time.get() - 1).expect("in range");
        for wrong in [last, KeptHead { size: larger, time: earlier }] {
            assert!(page.followed_by(wrong).is_err(), "after {count}");
        }
        assert!(page.followed_by(KeptHead { size: larger, ..last }).is_ok());
    }
}

#[test]
fn what_is_no_page_is_refused() {
    let good = "fasti/heads/v1\n256\n5 100\n9 100\n";
    let page = HeadsPage::parse(good.as_bytes()).expect("a page");
    assert_eq!(page.to_string(), good);
    for wrong in [
        "",
        "fasti/heads/v1\n",
        "fasti/heads/v1\n256\n",
        "fasti/heads/v2\n256\n5 100\n",
        "fasti/heads/v1\n255\n5 100\n",
        "fasti/heads/v1\n0256\n5 100\n",
        "fasti/heads/v1\n36028797018963968\n5 100\n",
        "fasti/heads/v1\n256\n5 100",
        "fasti/heads/v1\n256\n5 100\n\n",
        "fasti/heads/v1\n256\n5  100\n",
        "fasti/heads/v1\n256\n5 0\n",
        "fasti/heads/v1\n256\n5 100 \n",
        "fasti/heads/v1\r\n256\n5 100\n",
        "fasti/heads/v1\n256\n9 100\n9 100\n",
        "fasti/heads/v1\n256\n5 100\n9 99\n",
        "fasti/heads/v1\n256\n9223372036854775808 100\n",
    ] {
        assert!(HeadsPage::parse(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
    let line = |n: u64| format!("{} 7\n", n + 1);
    let long =
        |heads: u64| "fasti/heads/v1\n0\n".to_owned() + &(0..heads).map(line).collect::<String>();
    assert!(HeadsPage::parse(long(256).as_bytes()).is_ok());
    assert!(HeadsPage::parse(long(257).as_bytes()).is_err());
    assert!(HeadsPage::parse(b"fasti/heads/v1\n0\n5 \xff\n").is_err());
}

#[test]
fn paths() {
    for path in
        ["latest", "page/000", "note/000", "json/x001/234", "note/x036/x028/x797/x018/x963/967"]
    {
        let parsed = HeadsPath::parse(path).expect("is one").expect("is well-formed");
        assert_eq!(parsed.to_string(), format!("heads/{path}"));
    }
    for path in ["note/1", "json/x000/001", "note/x036/x028/x797/x018/x963/968", "page/000.p/3"] {
        assert!(HeadsPath::parse(path).expect("is meant as one").is_err(), "{path}");
    }
    let far = "page/x140/x737/x488/x355/328";
    assert!(HeadsPath::parse(far).expect("is meant as one").is_err(), "no head is on that page");
    for path in ["", "checkpoint", "latest/", "notes/000"] {
        assert_eq!(HeadsPath::parse(path), None, "{path}");
    }
}
