//! `fasti search`: finds all entries with an artifact, a key, an identity or a UUID, and proves
//! that none was left out. What is followed, or searched for whom the user believes, comes in pages
//! (`pages`).

mod arguments;
mod page;
mod pages;

use fasti::client::search::{self, SearchError};

use crate::failure::{Failure, refused_if};
use crate::freshness::Case;
use crate::globals::Globals;
use crate::inputs::{self, Inputs};
use crate::output::Output;
pub use arguments::Arguments;
use page::Page;
use pages::Pages;

pub async fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let mut trusted = globals.trusted_root(arguments.trusted_root.as_ref())?;
    trusted.trust.indexers.extend(arguments.lookup_key.clone());
    let belief = arguments.belief(trusted.authorities)?;
    let mut inputs = Inputs::new(globals);
    let artifacts = inputs.all(&arguments.artifact, inputs::ARTIFACT_BYTES_MAX).await?;
    let keys = inputs.all(&arguments.public_key, arguments::KEY_BYTES_MAX).await?;
    let (question, trust) = (arguments.question(&artifacts, &keys)?, trusted.trust);
    let fetch = globals.log_and_index(arguments.index.as_ref())?;
    if arguments.follow.is_some() || belief.is_some() {
        let pages = Pages::new(arguments, globals.format, (fetch, trust), question, belief);
        return Box::pin(pages.run()).await;
    }
    let answer = search::search(fetch.clone(), &trust, &question).await;
    let answer = refused_if(answer, SearchError::is_refusal)?;
    let fresh = arguments.freshness.check(&fetch, &answer.log, &trust).await?;
    let page = Page::whole(&answer, arguments.lookup_key.as_ref());
    let output = Output::good(page.lines(), page.json()).with_status(page.status());
    Ok(fresh.end(output, Case::Snake))
}
