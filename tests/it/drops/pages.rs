//! What a page shows, to whom, and how often.

use std::time::Instant;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{FORM, OWNER, Place, get, link, post, revealed};
use crate::support;

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_who_reveal_it_at_once_one_gets_it() {
    let place = Place::open(Some(OWNER)).await;
    let (minted, link) = place.mint("ci").await;
    let form = format!("bearer={OWNER}");
    let begun = Instant::now();
    let all = join_all((0..100).map(|_| post(&link, &form))).await;
    let took = begun.elapsed();
    let got: Vec<&str> = all.iter().filter(|(status, _)| *status == 200).map(|(_, page)| revealed(page)).collect();
    assert_eq!(got.len(), 1, "one gets it");
    assert_eq!(all.iter().filter(|(status, _)| *status == 410).count(), 99);
    assert!(got[0].starts_with(minted["prefix"].as_str().unwrap()));
    let (status, _) = place.house.host().ask("GET", "/org/tokens", got[0], Value::Null).await;
    assert_eq!(status, 200, "the key works");
    let said: Vec<&str> = all.iter().map(|(_, page)| page.as_str()).filter(|page| page.contains(got[0])).collect();
    assert_eq!(said.len(), 1, "no other answer holds it");
    println!("100 concurrent reveals: 1 got it, 99 were told that it is gone; {} ms", took.as_millis());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_who_only_look_use_nothing_up() {
    let place = Place::open(Some(OWNER)).await;
    let (_, link) = place.mint("ci").await;
    for _ in 0..10 {
        let looks = (0..50).flat_map(|_| ["GET", "HEAD"]).map(|method| support::http(method, &link, &[], ""));
        for (status, page) in join_all(looks).await {
            assert_eq!(status, 200);
            assert!(!page.contains("<textarea"));
        }
    }
    let (status, page) = post(&link, &format!("bearer={OWNER}")).await;
    assert_eq!((status, revealed(&page).len()), (200, 43));
    assert_eq!(get(&link).await.0, 410, "and then it is gone");
    assert_eq!(post(&link, &format!("bearer={OWNER}")).await.0, 410);
}

#[tokio::test]
async fn the_answer_names_the_page_and_nothing_that_opens_it() {
    let place = Place::open(None).await;
    let (minted, link) = place.mint("nightly <b>build</b>").await;
    let code = place.code();
    let (status, page) = get(&link).await;
    assert_eq!(status, 200);
    assert!(page.contains("nightly &lt;b&gt;build&lt;/b&gt;") && !page.contains("<b>"), "{page}");
    assert!(page.contains("mint_org_key") && page.contains(minted["prefix"].as_str().unwrap()));
    for text in [minted.to_string(), page] {
        assert!(!text.contains(&code) && !text.contains(&code.replace('-', "")));
    }
    let journal = place.house.journal("mint_org_key").await.to_string();
    let (_, page) = post(&link, &format!("code={}", code.to_lowercase())).await;
    assert!(!journal.contains(&code) && !journal.contains(revealed(&page)));
}

#[tokio::test]
async fn five_wrong_codes_close_the_page() {
    let place = Place::open(None).await;
    let (_, link) = place.mint("ci").await;
    for left in [4, 3, 2, 1] {
        let (status, page) = post(&link, "code=AAAA-BBBB-CCCC").await;
        assert_eq!(status, 403);
        assert!(page.contains(&format!("{left} tr")), "{page}");
    }
    assert_eq!(post(&link, "code=").await.0, 410);
    assert_eq!(post(&link, &format!("code={}", place.code())).await.0, 410, "the right one comes too late");
}

#[tokio::test]
async fn guesses_at_once_are_all_counted() {
    let place = Place::open(Some(OWNER)).await;
    let (_, link) = place.mint("ci").await;
    let guesses = join_all((0..50).map(async |n| post(&link, &format!("bearer=guess-{n}")).await.0)).await;
    assert_eq!(guesses.iter().filter(|status| **status == 403).count(), 4, "{guesses:?}");
    assert_eq!(guesses.iter().filter(|status| **status == 410).count(), 46);
}

#[tokio::test]
async fn only_the_page_itself_or_a_program_may_send_its_form() {
    let place = Place::open(Some(OWNER)).await;
    let (_, link) = place.mint("ci").await;
    let (form, own) = (format!("bearer={OWNER}"), format!("http://{}", place.address));
    for refused in [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", "none"),
    ] {
        assert_eq!(support::http("POST", &link, &[FORM, refused], &form).await.0, 403, "{refused:?}");
    }
    let headers = [FORM, ("Origin", own.as_str()), ("Sec-Fetch-Site", "same-origin")];
    assert_eq!(support::http("POST", &link, &headers, &form).await.0, 200, "nothing of that used it up");
}

#[tokio::test]
async fn a_link_that_is_nearly_right_opens_nothing() {
    let place = Place::open(Some(OWNER)).await;
    let (_, link) = place.mint("ci").await;
    let mut other = link.clone();
    let last = if other.pop() == Some('A') { 'B' } else { 'A' };
    other.push(last);
    assert_eq!(get(&other).await.0, 404);
    assert_eq!(post(&other, &format!("bearer={OWNER}")).await.0, 404);
    assert_eq!(support::http("DELETE", &link, &[], "").await.0, 405);
    let long = format!("bearer={OWNER}&x={}", "y".repeat(300_000));
    assert_eq!(post(&link, &long).await.0, 413);
    assert_eq!(get(&link).await.0, 200);
}

#[tokio::test]
async fn a_workspaces_token_waits_on_a_page_too() {
    let place = Place::open(Some(OWNER)).await;
    let made = json!({ "name": "Outside", "external": true, "sink": "drop" });
    let made = place.house.call("create_workspace", made).await;
    let (status, page) = post(&link(&made["delivered"]), &format!("bearer={OWNER}")).await;
    assert_eq!(status, 200);
    assert!(revealed(&page).starts_with(made["delivered"]["prefix"].as_str().unwrap()));
}
