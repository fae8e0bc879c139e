//! Every action of the app in one table, which feeds the palette, the tooltips and the keyboard.

use egui::{Key, KeyboardShortcut, Modifiers};
use lucide_icons::Icon;

use super::action::{Action, Toast, ToastKind};
use super::route::Route;
use super::theme::ThemeChoice;
use crate::workspace::{Shell, WorkspaceInfo, environment};

/// One thing that can be done from anywhere.
#[derive(Clone, Copy, Debug)]
pub struct AppCommand {
    /// "New training job".
    pub name: &'static str,
    /// Other words a person may look for.
    pub also: &'static str,
    /// Icon.
    pub icon: Icon,
    /// Keys, if it has some.
    pub keys: Option<KeyboardShortcut>,
    does: Does,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    Go(Place),
    Back,
    Palette,
    Drawer,
    Rail,
    Filter,
    Theme(ThemeChoice),
    SampleData,
    CopyEnvironment,
    Quit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Home,
    Buckets,
    TrainingJobs,
    NewTrainingJob,
    Models,
    NewModel,
    EndpointConfigs,
    NewEndpointConfig,
    Endpoints,
    NewEndpoint,
    Compare,
    Cleanup,
    Settings,
}

impl Place {
    fn route(self) -> Route {
        match self {
            Self::Home => Route::Home,
            Self::Buckets => Route::Buckets,
            Self::TrainingJobs => Route::TrainingJobs,
            Self::NewTrainingJob => Route::NewTrainingJob { clone_of: None },
            Self::Models => Route::Models,
            Self::NewModel => Route::NewModel { from_job: None },
            Self::EndpointConfigs => Route::EndpointConfigs,
            Self::NewEndpointConfig => Route::NewEndpointConfig { clone_of: None, models: Vec::new() },
            Self::Endpoints => Route::Endpoints,
            Self::NewEndpoint => Route::NewEndpoint { config: None },
            Self::Compare => Route::Compare,
            Self::Cleanup => Route::Cleanup,
            Self::Settings => Route::Settings,
        }
    }
}

const fn row(
    name: &'static str,
    also: &'static str,
    icon: Icon,
    keys: Option<KeyboardShortcut>,
    does: Does,
) -> AppCommand {
    AppCommand { name, also, icon, keys, does }
}

const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

const fn alt(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::ALT, key)
}

const fn plain(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

/// All of them, in the order in which the palette offers them.
pub const COMMANDS: &[AppCommand] = &[
    row("New training job", "train fit create", Icon::ChartLine, Some(ctrl(Key::T)), Does::Go(Place::NewTrainingJob)),
    row("New model", "create register", Icon::Box, None, Does::Go(Place::NewModel)),
    row("New endpoint config", "create variants", Icon::LayoutTemplate, None, Does::Go(Place::NewEndpointConfig)),
    row("New endpoint", "create deploy serve", Icon::Asterisk, None, Does::Go(Place::NewEndpoint)),
    row("Add sample data", "boston reviews example demo", Icon::PackagePlus, None, Does::SampleData),
    row("Go to Home", "start checklist", Icon::House, Some(alt(Key::Num1)), Does::Go(Place::Home)),
    row("Go to Data", "buckets s3 objects upload", Icon::Database, Some(alt(Key::Num2)), Does::Go(Place::Buckets)),
    row("Go to Training", "jobs", Icon::ChartLine, Some(alt(Key::Num3)), Does::Go(Place::TrainingJobs)),
    row("Go to Models", "", Icon::Box, Some(alt(Key::Num4)), Does::Go(Place::Models)),
    row(
        "Go to Endpoint configs",
        "configurations variants",
        Icon::LayoutTemplate,
        Some(alt(Key::Num5)),
        Does::Go(Place::EndpointConfigs),
    ),
    row("Go to Endpoints", "serving urls", Icon::Asterisk, Some(alt(Key::Num6)), Does::Go(Place::Endpoints)),
    row("Go to Compare", "replay models roc confusion", Icon::Scale, Some(alt(Key::Num7)), Does::Go(Place::Compare)),
    row("Go to Cleanup", "cost delete stop idle", Icon::Trash2, Some(alt(Key::Num8)), Does::Go(Place::Cleanup)),
    row("Go to Settings", "preferences theme about", Icon::Settings, Some(ctrl(Key::Comma)), Does::Go(Place::Settings)),
    row(
        "Copy environment",
        "export AWS_ENDPOINT_URL address server boto3 cli",
        Icon::Copy,
        None,
        Does::CopyEnvironment,
    ),
    row("Use light theme", "colours appearance", Icon::Sun, None, Does::Theme(ThemeChoice::Light)),
    row("Use dark theme", "colours appearance", Icon::Moon, None, Does::Theme(ThemeChoice::Dark)),
    row("Follow the system's theme", "colours appearance", Icon::Monitor, None, Does::Theme(ThemeChoice::System)),
    row("Search or run a command", "palette", Icon::Search, Some(ctrl(Key::K)), Does::Palette),
    row("Open or close the activity log", "drawer events running", Icon::PanelBottom, Some(ctrl(Key::J)), Does::Drawer),
    row("Show or hide words on the rail", "sidebar narrow", Icon::PanelLeft, Some(ctrl(Key::B)), Does::Rail),
    row("Filter this list", "search find", Icon::ListFilter, Some(plain(Key::Slash)), Does::Filter),
    row("Back", "previous page", Icon::ArrowLeft, Some(alt(Key::ArrowLeft)), Does::Back),
    row("Quit", "close exit", Icon::LogOut, Some(ctrl(Key::Q)), Does::Quit),
];

impl AppCommand {
    /// The wish that it stands for, in this workspace and for this shell.
    pub fn action(&self, info: &WorkspaceInfo, shell: Shell) -> Action {
        match self.does {
            Does::Go(place) => Action::Go(place.route()),
            Does::Back => Action::Back,
            Does::Palette => Action::TogglePalette,
            Does::Drawer => Action::ToggleDrawer,
            Does::Rail => Action::ToggleRail,
            Does::Filter => Action::FocusFilter,
            Does::Theme(choice) => Action::SetTheme(choice),
            Does::SampleData => Action::Submit {
                command: crate::workspace::Command::AddSampleData,
                said: "Added the sample data".to_owned(),
                then: None,
            },
            Does::CopyEnvironment => copy_environment(info, shell),
            Does::Quit => Action::Quit,
        }
    }

    /// "Ctrl K"; empty without keys.
    pub fn keys_text(&self) -> String {
        self.keys.map_or_else(String::new, keys_text)
    }

    /// Whether the keys are a single letter or sign, which must not be taken from a text field.
    fn is_plain(&self) -> bool {
        self.keys.is_some_and(|keys| keys.modifiers.is_none())
    }
}

/// Copies what `counterpoise env` prints: the environment in which AWS's clients find this workspace, its key among it.
pub fn copy_environment(info: &WorkspaceInfo, shell: Shell) -> Action {
    if info.base_url.is_none() {
        return Action::Toast(Toast::new(ToastKind::Info, "The server is starting: try again in a moment"));
    }
    Action::Copy { text: shell.script(&environment(info)), what: format!("environment for {}", shell.as_str()) }
}

/// "Ctrl Shift K".
fn keys_text(keys: KeyboardShortcut) -> String {
    let mut words = Vec::new();
    if keys.modifiers.command || keys.modifiers.ctrl {
        words.push(if cfg!(target_os = "macos") { "⌘" } else { "Ctrl" });
    }
    if keys.modifiers.alt {
        words.push("Alt");
    }
    if keys.modifiers.shift {
        words.push("Shift");
    }
    words.push(match keys.logical_key {
        Key::ArrowLeft => "←",
        other => other.symbol_or_name(),
    });
    words.join(" ")
}

/// The keys of the command of that name, for a tooltip.
pub fn keys_of(name: &str) -> String {
    COMMANDS.iter().find(|command| command.name == name).map_or_else(String::new, AppCommand::keys_text)
}

/// The commands whose keys were pressed in this frame. Plain keys belong to a text field while one has the focus.
pub fn pressed(ctx: &egui::Context) -> Vec<&'static AppCommand> {
    let typing = ctx.egui_wants_keyboard_input() && ctx.text_edit_focused();
    ctx.input_mut(|input| {
        COMMANDS
            .iter()
            .filter(|command| !(typing && command.is_plain()))
            .filter(|command| command.keys.is_some_and(|keys| input.consume_shortcut(&keys)))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keys_are_unique() {
        for (i, a) in COMMANDS.iter().enumerate() {
            for b in &COMMANDS[i + 1..] {
                assert_ne!(a.name, b.name);
                assert!(a.keys.is_none() || a.keys != b.keys, "{} and {} have the same keys", a.name, b.name);
            }
        }
        assert_eq!(keys_of("Search or run a command"), "Ctrl K");
        assert_eq!(keys_of("Back"), "Alt ←");
    }
}
