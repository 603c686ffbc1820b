//! `dingbridge outbox`: what waits, what is dead, what became of a notification; and a dead letter's second chance.
//!
//! A bridge that runs is asked over its API; of one that is stopped, the folder is opened. To look needs no right to
//! the folder, so that also works while a bridge uses it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use http::Method;
use serde_json::json;

use self::api::{Api, encoded};
use super::{Failure, out};
use crate::app::AppError;
use crate::clock::Clock;
use crate::outbox::story::{self, Beside, Found, Listing, Story, Wish};
use crate::outbox::{self, OpenError, Repair, Repaired};

mod api;
mod page;

/// Looks into a bridge's outbox: what waits, what could not be delivered, and what became of a notification or alert.
///
/// Of a bridge that runs, give the address with --api.url and the file of its web.admin_token_file with --api.token-file. Of one that is
/// stopped, give its folder with --storage.path; to list and show, that also does while it runs.
#[derive(Debug, Args)]
pub(super) struct Outbox {
    #[command(subcommand)]
    order: Order,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
enum Order {
    /// List what waits and what is dead, the newest last
    List {
        /// Only what is for this target
        #[arg(long, value_name = "TARGET")]
        target: Option<String>,
        /// Only dead letters
        #[arg(long)]
        dead: bool,
        /// How many to list, the newest
        #[arg(long, value_name = "NUMBER", default_value_t = 100)]
        limit: u32,
    },
    /// Tell everything that is known of a notification, or of all that named an alert
    Show {
        /// A notification's id or its first 8 characters or more, or an alert's fingerprint
        #[arg(value_name = "ID|FINGERPRINT")]
        wanted: String,
    },
    /// Try a dead letter anew, as if it came now
    Replay {
        /// Its id, or its beginning
        #[arg(value_name = "ID")]
        wanted: String,
    },
    /// Remove what waits, or a dead letter, for good: it is never told
    Drop {
        /// Its id, or its beginning
        #[arg(value_name = "ID")]
        wanted: String,
    },
}

/// Whose outbox it is, and for whom the answer is.
#[derive(Debug, Args)]
struct Place {
    /// The folder of the bridge
    #[arg(
        long = "storage.path",
        env = "DINGBRIDGE_STORAGE_PATH",
        value_name = "FOLDER",
        default_value = "data",
        global = true
    )]
    storage_path: PathBuf,
    /// Where the bridge serves its operators, such as http://127.0.0.1:8060; then the folder does not matter
    #[arg(long = "api.url", env = "DINGBRIDGE_API_URL", value_name = "URL", global = true)]
    api_url: Option<String>,
    /// The file that the bridge's web.admin_token_file names, or a copy
    #[arg(long = "api.token-file", env = "DINGBRIDGE_API_TOKEN_FILE", value_name = "FILE", global = true)]
    token_file: Option<PathBuf>,
    /// Print the API's JSON
    #[arg(long, global = true)]
    json: bool,
}

/// How long a call of an earlier bridge that died may still have been under way: it counts for the robot's limit.
const LONGEST_CALL: Duration = Duration::from_secs(60);

// === impl Outbox ===

impl Outbox {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let Self { order, place } = self;
        match order {
            Order::List { target, dead, limit } => place.list(Wish { target, dead_only: dead, limit }).await?,
            Order::Show { wanted } => place.show(&wanted).await?,
            Order::Replay { wanted } => place.repair(wanted, Repair::Replay).await?,
            Order::Drop { wanted } => place.repair(wanted, Repair::Drop).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

// === impl Place ===

impl Place {
    async fn list(&self, wish: Wish) -> Result<(), Failure> {
        let json = match self.api()? {
            Some(api) => {
                let target = wish.target.map(|target| format!("&target={}", encoded(&target))).unwrap_or_default();
                let state = if wish.dead_only { "&state=dead" } else { "" };
                api.call(Method::GET, &format!("?limit={}{target}{state}", wish.limit)).await?
            }
            None => serde_json::to_string(&self.look()?.list(&wish)?)?,
        };
        self.print(&json, |listing: Listing| page::listing(&listing))
    }

    async fn show(&self, wanted: &str) -> Result<(), Failure> {
        let json = match self.api()? {
            Some(api) => api.call(Method::GET, &format!("/{}", encoded(wanted))).await?,
            None => match self.look()?.story(wanted)? {
                Found::One(story) => serde_json::to_string(&story)?,
                Found::Nothing => return Err(story::UNKNOWN.into()),
                Found::Several => return Err(story::SEVERAL.into()),
            },
        };
        self.print(&json, |story: Story| page::story(&story))
    }

    async fn repair(&self, wanted: String, repair: fn(uuid::Uuid) -> Repair) -> Result<(), Failure> {
        let json = match self.api()? {
            Some(api) => {
                let path = format!("/{}", encoded(&wanted));
                match repair(uuid::Uuid::nil()) {
                    Repair::Replay(_) => api.call(Method::POST, &format!("{path}/replay")).await?,
                    Repair::Drop(_) => api.call(Method::DELETE, &path).await?,
                }
            }
            None => self.repair_in_folder(wanted, repair).await?,
        };
        self.print(&json, |done: page::Done| page::done(&done))
    }

    async fn repair_in_folder(&self, wanted: String, repair: fn(uuid::Uuid) -> Repair) -> Result<String, Failure> {
        // To open it would make the folder.
        if let Err(OpenError::Missing) = Beside::open(&self.storage_path) {
            return Err(self.cannot_open(OpenError::Missing));
        }
        let settings = outbox::Settings {
            path: self.storage_path.clone(),
            retention: Duration::MAX,
            backlog: u64::MAX,
            max_bytes: u64::MAX,
            longest_call: LONGEST_CALL,
        };
        let outbox = match outbox::Outbox::open(&settings, Clock::system()) {
            Ok(outbox) => outbox,
            Err(OpenError::InUse) => {
                let folder = self.storage_path.display();
                return Err(format!("a bridge uses {folder}: ask it with --api.url, or stop it first").into());
            }
            Err(error) => return Err(self.cannot_open(error)),
        };
        let repaired = match outbox.undelivered(wanted).await? {
            Found::One(id) => outbox.repair(repair(id)).await.map(|repaired| (id, repaired)),
            Found::Nothing => return Err(Repaired::NOT_FOUND.into()),
            Found::Several => return Err(story::SEVERAL.into()),
        };
        outbox.close().await;
        let (status, id) = match repaired? {
            (_, Repaired::Replayed(id)) => ("replayed", id),
            (id, Repaired::Dropped) => ("dropped", id),
            (_, Repaired::NotFound) => return Err(Repaired::NOT_FOUND.into()),
            (_, Repaired::Busy) => return Err(Repaired::BUSY.into()),
        };
        Ok(json!({"errcode": 0, "errmsg": "ok", "status": status, "id": id}).to_string())
    }

    fn api(&self) -> Result<Option<Api>, Failure> {
        self.api_url.as_deref().map(|url| Api::new(url, self.token_file.as_deref())).transpose()
    }

    fn look(&self) -> Result<Beside, Failure> {
        Beside::open(&self.storage_path).map_err(|error| self.cannot_open(error))
    }

    fn cannot_open(&self, source: OpenError) -> Failure {
        AppError::Outbox { path: self.storage_path.clone(), source }.into()
    }

    /// Prints what the API answers, or what that means.
    fn print<T: serde::de::DeserializeOwned>(&self, json: &str, page: impl Fn(T) -> String) -> Result<(), Failure> {
        if self.json {
            out(&format!("{}\n", json.trim_end()));
            return Ok(());
        }
        let value = serde_json::from_str(json)
            .map_err(|error| format!("the answer is not that of this version's API; try --json: {error}"))?;
        out(&page(value));
        Ok(())
    }
}
