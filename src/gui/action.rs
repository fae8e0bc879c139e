//! Everything that a frame wants to have happen: collected while drawing, carried out by one match after the frame.

use super::route::Route;
use super::theme::ThemeChoice;
use crate::domain::reference::ResourceRef;
use crate::workspace::Command;

/// One wish.
#[derive(Clone, Debug)]
pub enum Action {
    /// Go there.
    Go(Route),
    /// Go to where we were before.
    Back,
    /// Hand a command to the workspace. A failure shows as a toast with its reason.
    Submit {
        /// The command.
        command: Command,
        /// What happens, for the toast when it is done ("Deleted model boston-xgb"); empty: no toast when it goes well.
        said: String,
        /// Where to go once it is done.
        then: Option<Route>,
    },
    /// Hand in several commands at once, in this order; the Cleanup page shows how far each is.
    Batch {
        /// What each is about, and the command.
        items: Vec<(ResourceRef, Command)>,
        /// USD an hour that are saved when all is done.
        saved: f64,
    },
    /// Put text on the clipboard and say so.
    Copy {
        /// The text.
        text: String,
        /// What it is: "URL", "ARN", "name".
        what: String,
    },
    /// Show a toast.
    Toast(Toast),
    /// Ask first.
    Confirm(Box<Confirm>),
    /// Change the theme.
    SetTheme(ThemeChoice),
    /// Open or close the command palette.
    TogglePalette,
    /// Open or close the activity drawer.
    ToggleDrawer,
    /// Make the rail wide or narrow.
    ToggleRail,
    /// Put the keyboard's focus into the page's filter.
    FocusFilter,
    /// Close the window.
    Quit,
}

/// How loud a toast is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToastKind {
    /// By the way.
    Info,
    /// Went well.
    Success,
    /// Did not.
    Error,
}

/// A short word at the corner of the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    /// How loud.
    pub kind: ToastKind,
    /// One sentence without a full stop.
    pub text: String,
    /// Why, or what to do; may be empty.
    pub detail: String,
    /// Where a click leads.
    pub to: Option<Route>,
}

impl Toast {
    /// A toast without detail or target.
    pub fn new(kind: ToastKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), detail: String::new(), to: None }
    }

    /// With a detail.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// With a target.
    #[must_use]
    pub fn to(mut self, to: Route) -> Self {
        self.to = Some(to);
        self
    }
}

/// A question before something that destroys.
#[derive(Clone, Debug)]
pub struct Confirm {
    /// "Delete model boston-xgb?"
    pub title: String,
    /// One or two sentences: what it means, whether it can be undone.
    pub body: String,
    /// Everything that goes along, or that will be where nothing is lost; one a line; may be empty.
    pub goes_along: Vec<String>,
    /// The word on the button: "Delete".
    pub verb: String,
    /// Set for what cannot be undone: the name to type before the button works.
    pub type_name: Option<String>,
    /// Whether anything is lost by it.
    pub loses: bool,
    /// What to do on yes.
    pub then: Vec<Action>,
}

impl Confirm {
    /// A question with its answer.
    pub fn new(title: impl Into<String>, verb: impl Into<String>, then: Vec<Action>) -> Self {
        Self {
            title: title.into(),
            body: String::new(),
            goes_along: Vec::new(),
            verb: verb.into(),
            type_name: None,
            loses: true,
            then,
        }
    }

    /// With an explanation.
    #[must_use]
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }

    /// With what goes along.
    #[must_use]
    pub fn goes_along(mut self, lines: Vec<String>) -> Self {
        self.goes_along = lines;
        self
    }

    /// One that loses nothing, with the lines that say what will be.
    #[must_use]
    pub fn harmless(mut self, lines: Vec<String>) -> Self {
        (self.goes_along, self.loses) = (lines, false);
        self
    }

    /// With a name to type first.
    #[must_use]
    pub fn type_name(mut self, name: impl Into<String>) -> Self {
        self.type_name = Some(name.into());
        self
    }
}

/// The wishes of one frame, in order.
#[derive(Debug, Default)]
pub struct Actions(Vec<Action>);

impl Actions {
    /// Adds one.
    pub fn push(&mut self, action: Action) {
        self.0.push(action);
    }

    /// Goes to a place.
    pub fn go(&mut self, route: Route) {
        self.push(Action::Go(route));
    }

    /// Copies a text.
    pub fn copy(&mut self, text: impl Into<String>, what: impl Into<String>) {
        self.push(Action::Copy { text: text.into(), what: what.into() });
    }

    /// Hands in a command; `said` is shown when it is done.
    pub fn submit(&mut self, command: Command, said: impl Into<String>) {
        self.push(Action::Submit { command, said: said.into(), then: None });
    }

    /// Hands in a command and goes on when it is done.
    pub fn submit_then(&mut self, command: Command, said: impl Into<String>, then: Route) {
        self.push(Action::Submit { command, said: said.into(), then: Some(then) });
    }

    /// Takes them all out.
    pub fn take(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
