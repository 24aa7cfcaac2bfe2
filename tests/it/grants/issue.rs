//! Issuing, recognising and revoking, with a clock that is moved.

use chrono::{TimeDelta, Utc};
use molecule_org_mcp::failure::Code;
use molecule_org_mcp::grants::{By, State, Until, Wish};
use molecule_org_mcp::policy::Rules;
use molecule_org_mcp::policy::role::Role;
use molecule_org_mcp::transport::caller::{Caller, Door};

use super::{Room, operator, wish};

#[tokio::test]
async fn a_grant_is_recognised_until_it_expires() {
    let room = Room::open().await;
    let now = Utc::now();
    for (until, days) in
        [(None, 30), (Some(Until::After(TimeDelta::days(7))), 7), (Some(Until::At(now + TimeDelta::days(2))), 2)]
    {
        let wish = Wish { until, ..wish(&format!("for {days}"), Role::Viewer) };
        let issued = room.grants.issue(wish, operator(), &Rules::default(), now).await.unwrap();
        let state = |at| room.grants.recognise(issued.credential.expose(), at).unwrap().unwrap().state;
        assert_eq!(state(now), State::Live);
        assert_eq!(state(now + TimeDelta::days(days) - TimeDelta::seconds(1)), State::Live, "{days}");
        assert_eq!(state(now + TimeDelta::days(days)), State::Expired, "{days}");
    }
    let forever = room.issue("forever", Role::Admin).await;
    assert!(forever.grant.is_unlimited());
    let later = now + TimeDelta::days(365_000);
    assert_eq!(room.grants.recognise(forever.credential.expose(), later).unwrap().unwrap().state, State::Live);
    let past = Wish { until: Some(Until::At(now)), ..wish("past", Role::Viewer) };
    let refused = room.grants.issue(past, operator(), &Rules::default(), now).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidInput);
}

#[tokio::test]
async fn what_isnt_whole_opens_nothing() {
    let room = Room::open().await;
    let issued = room.issue("one", Role::Admin).await;
    let right = issued.credential.expose();
    for wrong in [
        &right[..46],
        &format!("{right}A"),
        &right.to_uppercase(),
        &right.to_lowercase(),
        &right[4..],
        &format!("mog_{}", "A".repeat(43)),
        &format!(" {right}"),
        &"k".repeat(43),
        "",
    ] {
        assert!(room.grants.recognise(wrong, Utc::now()).unwrap().is_none(), "{wrong}");
    }
    assert!(room.grants.recognise(right, Utc::now()).unwrap().is_some());
}

#[tokio::test]
async fn revoking_takes_everything_issued_under_it_along() {
    let room = Room::open().await;
    let (rules, now) = (Rules::default(), Utc::now());
    let top = room.issue("top", Role::Admin).await;
    let mut chain = vec![top];
    for name in ["a", "b", "c"] {
        let by = By::Grant(chain.last().unwrap().grant.clone());
        chain.push(room.grants.issue(wish(name, Role::Operator), by, &rules, now).await.unwrap());
    }
    let beside = By::Grant(chain[0].grant.clone());
    let beside = room.grants.issue(wish("beside", Role::Viewer), beside, &rules, now).await.unwrap();

    // Whoever holds `b` may take back what is under it, and nothing else.
    let holder = By::Grant(chain[2].grant.clone());
    for which in ["top", "a", "b", "beside"] {
        let refused = room.grants.revoke(which, holder.clone(), now).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "{which}");
    }
    assert_eq!(room.grants.list(&holder, now).await.unwrap().len(), 1);

    let gone = room.grants.revoke("a", operator(), now).await.unwrap();
    assert_eq!((gone.name.as_str(), gone.under), ("a", 2));
    let state = |one: &molecule_org_mcp::grants::Issued| {
        room.grants.recognise(one.credential.expose(), now).unwrap().unwrap().state
    };
    let states: Vec<State> = chain.iter().map(state).collect();
    assert_eq!(states, [State::Live, State::Revoked, State::Revoked, State::Revoked]);
    assert_eq!(state(&beside), State::Live);
    // Under what was revoked nothing is issued any more.
    let refused = room.grants.issue(wish("d", Role::Viewer), holder, &rules, now).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let again = room.grants.revoke("a", operator(), now).await.unwrap_err();
    assert!(again.message().contains("revoked already"), "{again}");
}

#[tokio::test]
async fn a_caller_is_renewed_and_refused_when_its_grant_is_gone() {
    let room = Room::open().await;
    let issued = room.issue("one", Role::Admin).await;
    let mut caller = Caller::presenting(issued.grant.clone(), Door::Stdio);
    room.grants.renew(&mut caller, Utc::now()).unwrap();
    room.grants.revoke(&issued.prefix, operator(), Utc::now()).await.unwrap();
    let refused = room.grants.renew(&mut caller, Utc::now()).unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Code::Unauthenticated, "this grant was revoked"));
}

#[tokio::test]
async fn a_name_is_one_live_grants_and_may_be_used_again() {
    let room = Room::open().await;
    let (rules, now) = (Rules::default(), Utc::now());
    let short = Wish { until: Some(Until::After(TimeDelta::hours(1))), ..wish("ci", Role::Viewer) };
    let first = room.grants.issue(short.clone(), operator(), &rules, now).await.unwrap();
    let taken = room.grants.issue(short.clone(), operator(), &rules, now).await.unwrap_err();
    assert_eq!(taken.code(), Code::Conflict);
    let later = now + TimeDelta::hours(2);
    let second = room.grants.issue(short.clone(), operator(), &rules, later).await.unwrap();
    // The live one is meant by the name.
    room.grants.revoke("ci", operator(), later).await.unwrap();
    let state = |one: &molecule_org_mcp::grants::Issued| {
        room.grants.recognise(one.credential.expose(), later).unwrap().unwrap().state
    };
    assert_eq!((state(&first), state(&second)), (State::Expired, State::Revoked));
    room.grants.issue(short, operator(), &rules, later).await.unwrap();
    // A name that is another's id is ambiguous.
    let spoof = wish(&first.grant.id, Role::Viewer);
    room.grants.issue(spoof, operator(), &rules, later).await.unwrap();
    room.grants.issue(wish("x", Role::Viewer), operator(), &rules, later).await.unwrap();
    let long = "n".repeat(101);
    for wrong in ["", "  ", "a\nb", "a\u{200b}b", "a\u{202e}b", "local", "owner", &long] {
        let refused = room.grants.issue(wish(wrong, Role::Viewer), operator(), &rules, now).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidInput, "{wrong:?}");
    }
}

#[tokio::test]
async fn what_two_grants_are_called_is_told_with_both() {
    let room = Room::open().await;
    let one = room.issue("one", Role::Viewer).await;
    let spoof = room.issue(&one.grant.id, Role::Viewer).await;
    let refused = room.grants.revoke(&one.grant.id, operator(), Utc::now()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Conflict);
    assert!(refused.message().contains(&one.prefix) && refused.message().contains(&spoof.prefix), "{refused}");
    room.grants.revoke(&one.prefix, operator(), Utc::now()).await.unwrap();
}

#[tokio::test]
async fn grants_go_only_so_deep() {
    let room = Room::open().await;
    let mut above = room.issue("0", Role::Viewer).await;
    for depth in 1.. {
        let by = By::Grant(above.grant.clone());
        match room.grants.issue(wish(&depth.to_string(), Role::Viewer), by, &Rules::default(), Utc::now()).await {
            Ok(issued) => above = issued,
            Err(refused) => {
                assert!(refused.message().contains("16 deep"), "{refused}");
                assert_eq!(depth, 16);
                break;
            }
        }
    }
    assert_eq!(room.grants.recognise(above.credential.expose(), Utc::now()).unwrap().unwrap().state, State::Live);
}
