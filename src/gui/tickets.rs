//! Commands under way that no page waits for: each ends in a toast, and may lead somewhere.

use super::action::{Toast, ToastKind};
use super::requested::wake_on_answer;
use super::route::Route;
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

/// All of them.
#[derive(Default)]
pub struct Tickets(Vec<Waiting>);

impl Tickets {
    /// Waits for one more.
    pub fn push(&mut self, ctx: &egui::Context, ticket: Ticket, said: String, then: Option<Route>) {
        wake_on_answer(ctx, &ticket);
        self.0.push(Waiting { ticket, said, then });
    }

    /// Those that have ended since the last call.
    pub fn poll(&mut self) -> Vec<Ended> {
        let mut ended = Vec::new();
        self.0.retain_mut(|waiting| {
            let Some(answer) = waiting.ticket.poll_now() else { return true };
            let said = std::mem::take(&mut waiting.said);
            ended.push(match answer {
                Ok(Ok(reply)) => {
                    let to = match &reply {
                        Reply::Resource(resource) => Some(Route::of(resource)),
                        Reply::Done => None,
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
        self.0.len()
    }

    /// Whether none is under way.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn failed(said: &str) -> String {
    if said.is_empty() { "That did not work".to_owned() } else { format!("Not done: {said}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reference::{Kind, ResourceRef};
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
