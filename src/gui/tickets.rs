//! Commands under way that no page waits for: each ends in a toast, and may lead somewhere.

use super::action::{Toast, ToastKind};
use super::format;
use super::requested::wake_on_answer;
use super::route::Route;
use crate::domain::reference::ResourceRef;
use crate::workspace::{Reply, Ticket};

/// One command under way.
struct Waiting {
    ticket: Ticket,
    said: String,
    then: Option<Route>,
}

/// What an answer asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ended {
    /// To show.
    pub toast: Option<Toast>,
    /// Where to go.
    pub go: Option<Route>,
}

/// How far one command of a batch is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Not answered yet.
    Waiting,
    /// Done.
    Done,
    /// Refused or failed, and why.
    Failed(String),
}

/// Commands that were handed in together.
pub struct Batch {
    items: Vec<(ResourceRef, Ticket, Progress)>,
    saved: f64,
    told: bool,
}

impl Batch {
    /// What each is about and how far it is, in order.
    pub fn items(&self) -> impl ExactSizeIterator<Item = (&ResourceRef, &Progress)> {
        self.items.iter().map(|(about, _, progress)| (about, progress))
    }

    /// How many are answered.
    pub fn answered(&self) -> usize {
        self.items.iter().filter(|(.., progress)| *progress != Progress::Waiting).count()
    }

    /// Whether all are answered.
    pub fn is_over(&self) -> bool {
        self.answered() == self.items.len()
    }

    fn poll(&mut self) {
        for (_, ticket, progress) in &mut self.items {
            if *progress == Progress::Waiting
                && let Some(answer) = ticket.poll_now()
            {
                *progress = match answer {
                    Ok(Ok(_)) => Progress::Done,
                    Ok(Err(why)) => Progress::Failed(why.to_string()),
                    Err(_) => Progress::Failed("The workspace gave no answer".to_owned()),
                };
            }
        }
    }

    /// The last word, once.
    fn tell(&mut self) -> Option<Toast> {
        if !self.is_over() || std::mem::replace(&mut self.told, true) {
            return None;
        }
        let failed: Vec<&str> = self
            .items
            .iter()
            .filter_map(|(.., progress)| if let Progress::Failed(why) = progress { Some(why.as_str()) } else { None })
            .collect();
        let done = self.items.len() - failed.len();
        Some(
            match failed.first() {
                None => Toast::new(ToastKind::Success, format!("Cleaned up {}", format::plural(done, "resource")))
                    .detail(if self.saved > 0.0 {
                        format!("{} saved", format::usd_per_hour(self.saved))
                    } else {
                        String::new()
                    }),
                Some(why) => Toast::new(ToastKind::Error, format!("{done} of {} done", self.items.len())).detail(*why),
            }
            .to(Route::Cleanup),
        )
    }
}

/// All of them.
#[derive(Default)]
pub struct Tickets {
    waiting: Vec<Waiting>,
    batch: Option<Batch>,
}

impl Tickets {
    /// Watches commands that were handed in together; replaces a batch that is over.
    pub fn start_batch(&mut self, ctx: &egui::Context, items: Vec<(ResourceRef, Ticket)>, saved: f64) {
        for (_, ticket) in &items {
            wake_on_answer(ctx, ticket);
        }
        let items = items.into_iter().map(|(about, ticket)| (about, ticket, Progress::Waiting)).collect();
        self.batch = Some(Batch { items, saved, told: false });
    }

    /// The newest batch, until it is dismissed.
    pub fn batch(&self) -> Option<&Batch> {
        self.batch.as_ref()
    }

    /// Forgets a batch that is over.
    pub fn dismiss_batch(&mut self) {
        self.batch.take_if(|batch| batch.is_over());
    }

    /// Waits for one more.
    pub fn push(&mut self, ctx: &egui::Context, ticket: Ticket, said: String, then: Option<Route>) {
        wake_on_answer(ctx, &ticket);
        self.waiting.push(Waiting { ticket, said, then });
    }

    /// Those that have ended since the last call.
    pub fn poll(&mut self) -> Vec<Ended> {
        let mut ended = Vec::new();
        if let Some(batch) = &mut self.batch {
            batch.poll();
            ended.extend(batch.tell().map(|toast| Ended { toast: Some(toast), go: None }));
        }
        self.waiting.retain_mut(|waiting| {
            let Some(answer) = waiting.ticket.poll_now() else { return true };
            let said = std::mem::take(&mut waiting.said);
            ended.push(match answer {
                Ok(Ok(reply)) => {
                    let to = match &reply {
                        Reply::Resource(resource) => Some(Route::of(resource)),
                        Reply::Done | Reply::Object(_) | Reply::Labels(_) => None,
                    };
                    let toast = (!said.is_empty()).then(|| Toast { to, ..Toast::new(ToastKind::Success, said) });
                    Ended { toast, go: waiting.then.take() }
                }
                Ok(Err(why)) => {
                    Ended { toast: Some(Toast::new(ToastKind::Error, failed(&said)).detail(why.to_string())), go: None }
                }
                Err(_) => Ended {
                    toast: Some(Toast::new(ToastKind::Error, failed(&said)).detail("The workspace gave no answer")),
                    go: None,
                },
            });
            false
        });
        ended
    }

    /// How many are under way.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none is under way.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

fn failed(said: &str) -> String {
    if said.is_empty() { "That did not work".to_owned() } else { format!("Not done: {said}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reference::Kind;
    use crate::util::promise::Promise;
    use crate::workspace::CommandError;

    #[test]
    fn good_and_bad_ends() {
        let ctx = egui::Context::default();
        let model = ResourceRef::new(Kind::Model, "m");
        let mut tickets = Tickets::default();
        tickets.push(&ctx, Promise::ready(Ok(Reply::Resource(model.clone()))), "Made m".into(), Some(Route::Models));
        tickets.push(&ctx, Promise::ready(Err(CommandError::NotFound(model))), "Deleted m".into(), Some(Route::Home));
        let ended = tickets.poll();
        assert_eq!(ended[0].go, Some(Route::Models));
        assert_eq!(ended[0].toast.as_ref().unwrap().to, Some(Route::Model("m".into())));
        assert_eq!(ended[1].go, None);
        assert_eq!(ended[1].toast.as_ref().unwrap().detail, "Could not find model m");
        assert!(tickets.is_empty());
    }
}
