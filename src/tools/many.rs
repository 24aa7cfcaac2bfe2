//! The same question to many workspaces: several at once, answers in order. Enough at a time to be
//! quick, few enough to leave the tenant to others.

use std::future::Future;

use futures_util::stream::{self, StreamExt};

const AT_ONCE: usize = 16;

pub async fn each<F: Future>(questions: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    // Made first, asked afterwards: futures that borrow from the list stay simple to write.
    let questions: Vec<F> = questions.into_iter().collect();
    stream::iter(questions).buffered(AT_ONCE).collect().await
}
