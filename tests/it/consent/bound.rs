//! What a yes is bound to, by the clock and the store alone.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use molecule_org_mcp::consent::preview::{Preview, Seen};
use molecule_org_mcp::consent::{Agreer, Answered, Bond, Consents, Question, Said, Standing};
use molecule_org_mcp::policy::role::Role;
use molecule_org_mcp::store::Store;
use tempfile::TempDir;

struct Desk {
    consents: Consents,
    now: DateTime<Utc>,
    _home: TempDir,
}

fn desk() -> Desk {
    let home = tempfile::tempdir().unwrap();
    Desk { consents: Consents::new(Store::open(home.path())), now: Utc::now(), _home: home }
}

fn bond() -> Bond {
    let text = str::to_owned;
    Bond { tenant: text("t"), caller: text("grant:a"), tool: text("delete_workspace"), arguments: text("d1") }
}

fn seen(status: &str) -> Seen {
    Seen(BTreeMap::from([("the workspace's status".to_owned(), status.to_owned())]))
}

fn ada() -> Agreer {
    Agreer::Terminal { user: "ada".to_owned() }
}

impl Desk {
    async fn ask(&self, name: Option<&str>) -> Question {
        let preview = Preview { lines: vec!["x".to_owned()], name: name.map(str::to_owned), seen: seen("on") };
        self.consents.ask(bond(), vec!["a".to_owned()], BTreeMap::new(), preview, self.now).await.unwrap()
    }

    async fn answer(&self, question: &Question, said: Said) -> Answered {
        self.consents.answer(question, &said, &ada(), self.now).await.unwrap()
    }

    async fn agreed(&self) -> Question {
        let question = self.ask(None).await;
        assert_eq!(self.answer(&question, Said::Yes).await, Answered::Agreed);
        question
    }

    async fn consume(&self, id: &str, bond: &Bond, status: &str, after: TimeDelta) -> bool {
        self.consents.consume(id, bond, &seen(status), self.now + after).await.unwrap()
    }
}

#[tokio::test]
async fn a_yes_is_for_this_caller_tool_tenant_state_and_these_arguments() {
    let (desk, none) = (desk(), TimeDelta::zero());
    let id = desk.agreed().await.id;
    for change in [
        |bond: &mut Bond| bond.arguments = "d2".to_owned(),
        |bond: &mut Bond| bond.caller = "grant:b".to_owned(),
        |bond: &mut Bond| bond.tool = "pause_workspace".to_owned(),
        |bond: &mut Bond| bond.tenant = "u".to_owned(),
    ] {
        let mut other = bond();
        change(&mut other);
        assert!(!desk.consume(&id, &other, "on", none).await, "{other:?}");
        assert!(desk.consents.find(&other, desk.now).await.unwrap().is_none());
    }
    assert!(!desk.consume(&id, &bond(), "paused", none).await, "another state");
    assert!(desk.consume(&id, &bond(), "on", none).await);
    assert!(!desk.consume(&id, &bond(), "on", none).await, "twice");
}

#[tokio::test]
async fn a_yes_holds_ten_minutes_and_a_question_waits_as_long() {
    let desk = desk();
    let question = desk.ask(None).await;
    let late = desk.now + TimeDelta::minutes(10) + TimeDelta::seconds(1);
    assert_eq!(desk.consents.answer(&question, &Said::Yes, &ada(), late).await.unwrap(), Answered::NotWaiting);
    let id = desk.agreed().await.id;
    assert!(!desk.consume(&id, &bond(), "on", TimeDelta::seconds(601)).await);
    assert!(desk.consume(&id, &bond(), "on", TimeDelta::seconds(599)).await);
}

#[tokio::test]
async fn nothing_is_used_that_nobody_agreed_to() {
    let (desk, none) = (desk(), TimeDelta::zero());
    let question = desk.ask(None).await;
    assert!(!desk.consume(&question.id, &bond(), "on", none).await, "waiting");
    assert_eq!(desk.answer(&question, Said::No).await, Answered::Refused);
    assert!(!desk.consume(&question.id, &bond(), "on", none).await, "refused");
    assert_eq!(desk.answer(&question, Said::Yes).await, Answered::NotWaiting, "no stays no");
    assert!(matches!(desk.consents.find(&bond(), desk.now).await.unwrap(), Some((_, Standing::Refused))));
}

#[tokio::test]
async fn of_a_hundred_at_once_one_uses_it() {
    let desk = desk();
    let id = desk.agreed().await.id;
    let bond = bond();
    let all = (0..100).map(|_| desk.consume(&id, &bond, "on", TimeDelta::zero()));
    let won = futures_util::future::join_all(all).await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
}

#[tokio::test]
async fn the_same_question_is_asked_once_and_another_state_is_another_question() {
    let desk = desk();
    let first = desk.ask(None).await;
    assert_eq!(desk.ask(None).await.id, first.id);
    let preview = Preview { lines: vec!["y".to_owned()], name: None, seen: seen("paused") };
    let second = desk.consents.ask(bond(), vec![], BTreeMap::new(), preview, desk.now).await.unwrap();
    assert_ne!(second.id, first.id);
    assert_eq!(desk.answer(&first, Said::Yes).await, Answered::NotWaiting, "what was true then");
    let waiting = desk.consents.waiting(desk.now).await.unwrap();
    assert_eq!(waiting.iter().map(|one| &one.id).collect::<Vec<_>>(), [&second.id]);
}

#[tokio::test]
async fn a_name_is_typed_right_or_wrong_twice() {
    let desk = desk();
    let question = desk.ask(Some("SEO")).await;
    assert_eq!(desk.answer(&question, Said::Yes).await, Answered::WrongName, "a yes isn't enough");
    assert_eq!(desk.answer(&question, Said::Named(" SEO ".to_owned())).await, Answered::Agreed);
    let question = desk.ask(Some("SEO Lead")).await;
    assert_eq!(desk.answer(&question, Said::Named("\"SEO Lead\"".to_owned())).await, Answered::Agreed, "as shown");
    let question = desk.ask(Some("SEO")).await;
    for expected in [Answered::WrongName, Answered::Refused, Answered::NotWaiting] {
        assert_eq!(desk.answer(&question, Said::Named("seo".to_owned())).await, expected);
    }
}

#[tokio::test]
async fn whoever_asks_doesnt_agree() {
    let desk = desk();
    let question = desk.ask(None).await;
    let grant = |id: &str, role| Agreer::Grant { id: id.to_owned(), chain: vec![id.to_owned()], role };
    for (agreer, may) in
        [(grant("a", Role::Admin), false), (grant("b", Role::Operator), false), (grant("b", Role::Approver), true)]
    {
        let said = desk.consents.answer(&question, &Said::Yes, &agreer, desk.now).await;
        assert_eq!(said.is_ok_and(|said| said == Answered::Agreed), may, "{agreer:?}");
    }
    let Some((_, Standing::Agreed(agreement))) = desk.consents.find(&bond(), desk.now).await.unwrap() else { panic!() };
    assert_eq!((agreement.way.as_str(), agreement.by.as_str()), ("terminal", "grant:b"));
}

#[tokio::test]
async fn wrong_passphrases_close_the_way_for_a_quarter_of_an_hour() {
    let desk = desk();
    let check = async |text: &str, after: i64| {
        desk.consents.check_passphrase(text.to_owned().into(), desk.now + TimeDelta::minutes(after)).await.is_ok()
    };
    assert!(!desk.consents.has_passphrase().await.unwrap());
    assert!(check("anything", 0).await, "none is set");
    assert!(desk.consents.set_passphrase(Some("short".to_owned().into())).await.is_err());
    desk.consents.set_passphrase(Some("correct horse".to_owned().into())).await.unwrap();
    assert!(desk.consents.has_passphrase().await.unwrap());
    assert!(check("correct horse", 0).await);
    // At once, so that a delay is paid once and no try slips by uncounted.
    let wrong = futures_util::future::join_all((0..20).map(|_| check("wrong horse", 0))).await;
    assert!(wrong.into_iter().all(|right| !right));
    assert!(!check("correct horse", 1).await, "closed");
    assert!(check("correct horse", 16).await, "open again");
    desk.consents.set_passphrase(None).await.unwrap();
    assert!(!desk.consents.has_passphrase().await.unwrap());
}
