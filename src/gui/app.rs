//! One frame of the window: read the snapshot, draw the shell and the page, carry out the wishes.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::action::{Action, Actions, Toast, ToastKind};
use super::context::Context;
use super::files::{FilePicker, SystemPicker};
use super::pages::Pages;
use super::prefs::{self, Kept, Prefs, Writer};
use super::route::Route;
use super::shell;
use super::theme::{self, Theme, size};
use super::tickets::Tickets;
use super::{commands, widgets};
use crate::domain::time::Timestamp;
use crate::util::clock::Clock;
use crate::workspace::{Shell, Snapshot, Workspace};

/// How the window is to be.
pub struct Options {
    /// Where `console.json` is kept; nothing is kept without it.
    pub folder: Option<PathBuf>,
    /// Time.
    pub clock: Clock,
    /// Where times are shown in.
    pub zone: TimeZone,
    /// The shell that commands are copied for.
    pub shell: Shell,
    /// File dialogs.
    pub files: Box<dyn FilePicker>,
    /// Where to start, instead of where the window was last.
    pub start: Option<Route>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            folder: None,
            clock: Clock::system(),
            zone: TimeZone::system(),
            shell: Shell::usual(),
            files: Box::new(SystemPicker),
            start: None,
        }
    }
}

/// The window.
pub struct App {
    workspace: Arc<dyn Workspace>,
    clock: Clock,
    zone: TimeZone,
    shell: Shell,
    files: Box<dyn FilePicker>,
    prefs: Prefs,
    writer: Option<Writer>,
    route: Route,
    history: Vec<Route>,
    pages: Pages,
    around: shell::Shell,
    actions: Actions,
    tickets: Tickets,
}

/// How many places "back" remembers.
const HISTORY: usize = 100;

impl App {
    /// A window over a workspace; works for `eframe::run_native` and for `egui_kittest`'s `build_eframe`.
    pub fn new(cc: &eframe::CreationContext<'_>, workspace: Arc<dyn Workspace>, options: Options) -> Self {
        let path = options.folder.map(|folder| folder.join(prefs::FILE));
        let kept = path.as_deref().map(prefs::read).unwrap_or_default();
        let ctx = &cc.egui_ctx;
        theme::apply(ctx);
        theme::choose(ctx, kept.theme);
        let wake = ctx.clone();
        workspace.on_change(Arc::new(move || wake.request_repaint()));
        let route = options.start.unwrap_or_else(|| kept.route.clone());
        let around = shell::Shell::new(&workspace.snapshot());
        Self {
            workspace,
            clock: options.clock,
            zone: options.zone,
            shell: options.shell,
            files: options.files,
            prefs: Prefs::new(kept),
            writer: path.map(Writer::start),
            route,
            history: Vec::new(),
            pages: Pages::default(),
            around,
            actions: Actions::default(),
            tickets: Tickets::default(),
        }
    }

    /// Where the window is.
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// Goes to a place, as a click would; takes effect with the next frame.
    pub fn go(&mut self, route: Route) {
        self.actions.go(route);
    }

    fn act(&mut self, ctx: &egui::Context, snapshot: &Snapshot, action: Action) {
        match action {
            Action::Go(route) => {
                // A form that is entered anew starts anew; by "back" it is as it was left.
                if route.is_form() {
                    self.pages.forget(&route);
                }
                if route != self.route {
                    if self.history.len() == HISTORY {
                        self.history.remove(0);
                    }
                    self.history.push(std::mem::replace(&mut self.route, route));
                }
            }
            Action::Back => {
                // Not to what was deleted meanwhile.
                while let Some(route) = self.history.pop() {
                    if route.resource().is_none_or(|resource| snapshot.contains(&resource)) {
                        self.route = route;
                        break;
                    }
                }
            }
            Action::Submit { command, said, then } => {
                let ticket = self.workspace.submit(command);
                self.tickets.push(ctx, ticket, said, then);
            }
            Action::Batch { items, saved } => {
                let items = items.into_iter().map(|(about, command)| (about, self.workspace.submit(command))).collect();
                self.tickets.start_batch(ctx, items, saved);
            }
            Action::Copy { text, what } => {
                ctx.copy_text(text);
                self.around.toasts.push(Toast::new(ToastKind::Info, format!("Copied {what}")));
            }
            Action::Toast(toast) => self.around.toasts.push(toast),
            Action::Confirm(confirm) => self.around.confirm.ask(*confirm),
            Action::SetTheme(choice) => {
                theme::choose(ctx, choice);
                self.prefs.change(|kept| kept.theme = choice);
            }
            Action::TogglePalette => self.around.palette.toggle(),
            Action::ToggleDrawer => self.prefs.change(|kept| kept.drawer_open = !kept.drawer_open),
            Action::ToggleRail => self.prefs.change(|kept| kept.rail_narrow = !kept.rail_narrow),
            Action::FocusFilter => ctx.memory_mut(|memory| memory.request_focus(widgets::table::filter_id())),
            Action::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
        }
        ctx.request_repaint();
    }

    fn keep(&mut self, ctx: &egui::Context) {
        let viewport = ctx.input(|input| {
            let viewport = input.viewport();
            (viewport.inner_rect.map(|rect| [rect.width(), rect.height()]), viewport.maximized.unwrap_or(false))
        });
        let (route, (window, maximized)) = (self.route.clone(), viewport);
        let differs = |kept: &Kept| {
            kept.route != route
                || kept.maximized != maximized
                || (!maximized && window.is_some() && kept.window != window)
        };
        if differs(self.prefs.kept()) {
            self.prefs.change(|kept| {
                kept.route = route;
                kept.maximized = maximized;
                if !maximized && window.is_some() {
                    kept.window = window;
                }
            });
        }
        if let (Some(writer), Some(kept)) = (&self.writer, self.prefs.take_changed()) {
            writer.write(kept);
        }
    }
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        let snapshot = self.workspace.snapshot();
        let theme = Theme::of(ui);
        for command in commands::pressed(&ctx) {
            self.actions.push(command.action(&snapshot.info, self.shell));
        }
        for ended in self.tickets.poll() {
            ended.toast.into_iter().for_each(|toast| self.around.toasts.push(toast));
            ended.go.into_iter().for_each(|route| self.actions.go(route));
        }
        let mut cx = Context {
            snapshot: &snapshot,
            workspace: &self.workspace,
            actions: &mut self.actions,
            theme,
            now: Timestamp(self.clock.wall_ms()),
            zone: &self.zone,
            shell: self.shell,
            prefs: &mut self.prefs,
            tickets: &mut self.tickets,
            files: self.files.as_ref(),
        };
        self.around.around(ui, &mut cx, &self.route);
        let page = egui::Frame::new().fill(theme.background).inner_margin(size::PAGE);
        egui::CentralPanel::no_frame().frame(page).show(ui, |ui| self.pages.ui(ui, &mut cx, &self.route));
        self.around.above(ui, &mut cx, &self.route);

        // Wishes may bring wishes (a confirmed question does); more than a few rounds would be a loop.
        for _ in 0..4 {
            for action in self.actions.take() {
                self.act(&ctx, &snapshot, action);
            }
        }
        self.keep(&ctx);
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}

/// Opens the window and runs it until it is closed.
///
/// # Errors
/// When no window can be opened: no display, or a system library is missing.
pub fn run(workspace: Arc<dyn Workspace>, options: Options) -> anyhow::Result<()> {
    let kept = options.folder.as_deref().map(|folder| prefs::read(&folder.join(prefs::FILE))).unwrap_or_default();
    let [width, height] = kept.window.unwrap_or([1280.0, 800.0]);
    let viewport = egui::ViewportBuilder::default()
        .with_title("Counterpoise")
        .with_app_id("counterpoise")
        .with_inner_size([width, height])
        .with_min_inner_size([640.0, 420.0])
        .with_maximized(kept.maximized);
    let native = eframe::NativeOptions { viewport, ..Default::default() };
    eframe::run_native("counterpoise", native, Box::new(|cc| Ok(Box::new(App::new(cc, workspace, options)))))
        .map_err(|why| anyhow::anyhow!("the window could not be opened: {why}"))
}
