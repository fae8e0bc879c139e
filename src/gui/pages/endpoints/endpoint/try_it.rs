//! Try it: one real HTTP request to the endpoint's URL, and what came back. The last tries stay listed.

use std::path::PathBuf;
use std::sync::Arc;

use egui::{CornerRadius, Key, Ui};

use super::http::{self, Answer, Request};
use super::{Frame, sample};
use crate::domain::label::Label;
use crate::gui::context::Context;
use crate::gui::files::Picked;
use crate::gui::requested::{Requested, State, wake_on_answer};
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::dialog::{Dialog, dialog};
use crate::gui::widgets::plot::scale::grouped;
use crate::gui::widgets::{Button, Field, Icon, Pill, PillTone, field, text};
use crate::util::promise::{Promise, promise};
use crate::workspace::{Command, LabelSource, Preview, Reply};

/// How the body of a request is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Libsvm,
    Json,
}

impl Format {
    const ALL: [Self; 3] = [Self::Csv, Self::Libsvm, Self::Json];

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Libsvm => "text/libsvm",
            Self::Json => "application/json",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Csv => "One row a line, features only: 0.12,18,2.31,…",
            Self::Libsvm => "One row a line, index:value: 4:1 17:2 …",
            Self::Json => r#"{"instances": [{"features": [0.12, 18, 2.31]}]}"#,
        }
    }
}

/// Tries that stay listed.
const KEPT: usize = 20;
/// Rows that sample rows are taken from.
const SAMPLES: usize = 50;
/// A file larger than this is not loaded into the box.
const LARGEST: u64 = 5 << 20;

/// One try.
struct Try {
    said: String,
    result: Result<Answer, String>,
}

/// The dialog's state; lives with its page, so that the tries stay while it is closed.
pub(super) struct TryIt {
    body: String,
    format: Format,
    variant: Option<String>,
    sent: Option<Promise<Result<Answer, String>>>,
    tries: Vec<Try>,
    samples: Requested<Arc<Preview>>,
    sample_format: Format,
    next_sample: usize,
    wants_sample: bool,
    picked: Option<Picked>,
    note: Option<String>,
    asked_first: bool,
    right_answer: String,
    labelled: Requested<Reply>,
}

impl TryIt {
    pub(super) fn new() -> Self {
        Self {
            body: String::new(),
            format: Format::Csv,
            variant: None,
            sent: None,
            tries: Vec::new(),
            samples: Requested::default(),
            sample_format: Format::Csv,
            next_sample: 0,
            wants_sample: false,
            picked: None,
            note: None,
            asked_first: false,
            right_answer: String::new(),
            labelled: Requested::default(),
        }
    }

    /// The body and content type that the code tab shows, once there is one.
    pub(super) fn example(&mut self, ui: &Ui, cx: &Context<'_>, frame: &Frame<'_>) -> Option<(String, Format)> {
        self.ask_for_samples(ui, cx, frame);
        match self.samples.state() {
            State::Done(preview) => Some((sample::row(preview, self.sample_format, 0)?, self.sample_format)),
            _ => None,
        }
    }

    fn ask_for_samples(&mut self, ui: &Ui, cx: &Context<'_>, frame: &Frame<'_>) {
        if self.samples.is_not_asked()
            && let Some((uri, format)) = sample::source(cx.snapshot, frame.endpoint)
        {
            self.sample_format = format;
            self.samples.ask(ui.ctx(), cx.workspace.preview(&uri, SAMPLES));
        }
    }

    /// Draws the dialog; `false` once it is closed.
    pub(super) fn ui(&mut self, ui: &Ui, cx: &mut Context<'_>, frame: &Frame<'_>) -> bool {
        self.ask_for_samples(ui, cx, frame);
        if !self.asked_first {
            self.asked_first = true;
            self.wants_sample = self.body.is_empty();
        }
        self.arrivals();
        let title = format!("Try {}", frame.endpoint.name);
        let (cx_body, mut send) = (&mut *cx, false);
        let end = dialog(ui, "try it", &title, 760.0, self, |ui, this| this.body(ui, cx_body, frame, &mut send), None);
        if send {
            self.send(ui, frame);
        }
        end == Dialog::Open
    }

    /// Takes in what has come since the last frame: an answer, sample rows, a file.
    fn arrivals(&mut self) {
        self.labelled.poll();
        if let Some(answer) = self.sent.as_ref().and_then(Promise::poll_now) {
            self.sent = None;
            let result = answer.unwrap_or_else(|_| Err("The request was given up".to_owned()));
            let said = self.body.lines().next().unwrap_or_default().chars().take(80).collect();
            self.tries.insert(0, Try { said, result });
            self.tries.truncate(KEPT);
            self.labelled = Requested::default();
            self.right_answer.clear();
        }
        if self.wants_sample
            && let State::Done(preview) = self.samples.state()
        {
            let row = sample::row(preview, self.sample_format, self.next_sample);
            self.wants_sample = false;
            match row {
                Some(row) => {
                    self.body = row;
                    self.format = self.sample_format;
                    self.next_sample += 1;
                    self.note = None;
                }
                None => self.note = Some("The training data hold no row that can be shown".to_owned()),
            }
        }
        if let Some(picked) = self.picked.as_ref().and_then(Promise::poll_now) {
            self.picked = None;
            match picked {
                Ok(Ok(Some(paths))) => self.load(paths.first()),
                Ok(Ok(None)) => {}
                Ok(Err(why)) => self.note = Some(why.to_string()),
                Err(_) => self.note = Some("No file dialog could open: paste the rows instead".to_owned()),
            }
        }
    }

    fn load(&mut self, path: Option<&PathBuf>) {
        let Some(path) = path else { return };
        let size = std::fs::metadata(path).map_or(0, |meta| meta.len());
        if size > LARGEST {
            self.note = Some(format!("{} is larger than 5 MB", path.display()));
            return;
        }
        match std::fs::read_to_string(path) {
            Ok(text) => {
                self.format = match path.extension().and_then(|e| e.to_str()) {
                    Some("libsvm" | "svm") => Format::Libsvm,
                    Some("json") => Format::Json,
                    _ => Format::Csv,
                };
                self.body = text;
                self.note = None;
            }
            Err(why) => self.note = Some(format!("{}: {why}", path.display())),
        }
    }

    fn body(&mut self, ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>, send: &mut bool) {
        ui.horizontal(|ui| {
            let formats: Vec<(Format, String)> =
                Format::ALL.iter().map(|format| (*format, format.content_type().to_owned())).collect();
            field::choice(ui, "Content type", &mut self.format, &formats, 170.0);
            let mut variants = vec![(None, "any, by weight".to_owned())];
            variants.extend(frame.endpoint.variants.iter().map(|v| (Some(v.name.clone()), v.name.clone())));
            field::choice(ui, "Variant", &mut self.variant, &variants, 200.0);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Max), |ui| {
                if Button::ghost("File…").icon(Icon::FileUp).enabled(self.picked.is_none()).show(ui) {
                    let picked = cx.files.open_files("Rows to send", &["csv", "libsvm", "svm", "json", "txt"]);
                    wake_on_answer(ui.ctx(), &picked);
                    self.picked = Some(picked);
                }
                let has_samples = !matches!(self.samples.state(), State::NotAsked | State::Failed(_));
                let tip = if has_samples {
                    "A row of the data that the model was trained on"
                } else {
                    "The training data are not here any more"
                };
                if Button::ghost("Sample row").icon(Icon::Dices).enabled(has_samples).tip(tip).show(ui) {
                    self.wants_sample = true;
                    ui.ctx().request_repaint();
                }
            });
        });
        let edit = Field::new("Request body").hint(self.format.hint()).mono().rows(6).show(ui, &mut self.body);
        let by_keys = edit.has_focus() && ui.input(|i| i.modifiers.command && i.key_pressed(Key::Enter));
        if let Some(note) = &self.note {
            text::text(ui, note.clone(), fonts::small(), cx.theme.error.text);
        }
        ui.horizontal(|ui| {
            let can = self.sent.is_none() && !self.body.trim().is_empty() && frame.data.url.is_some();
            *send |= Button::primary("Send").large().enabled(can).shortcut("Ctrl+Enter").show(ui) || (by_keys && can);
            if self.sent.is_some() {
                text::muted(ui, "waiting for the answer…");
            } else if let Some(url) = &frame.data.url {
                let room = ui.available_width();
                text::elided(ui, &format!("POST {url}"), fonts::mono(), cx.theme.muted, room);
            }
        });
        self.answers(ui, cx);
        self.right(ui, cx, frame);
        self.earlier(ui, cx);
    }

    /// What the right answer was, said by hand.
    fn right(&mut self, ui: &mut Ui, cx: &Context<'_>, frame: &Frame<'_>) {
        let newest = self.tries.first().and_then(|one| one.result.as_ref().ok()).filter(|answer| answer.status == 200);
        let Some(id) = newest.and_then(|answer| answer.inference_id.clone()) else { return };
        let values: Result<Vec<f64>, _> = self.right_answer.split(',').map(|value| value.trim().parse()).collect();
        ui.horizontal(|ui| {
            text::muted(ui, "The right answer was");
            let hint = "a label a row: 1, 0";
            Field::new("The right answer").bare().hint(hint).width(180.0).show(ui, &mut self.right_answer);
            let can = values.is_ok() && !self.labelled.is_pending();
            if Button::secondary("Label it").enabled(can).tip("Counts for the variant that answered").show(ui)
                && let Ok(values) = values
            {
                let source = LabelSource::Given(vec![Label { id, values }]);
                let endpoint = frame.endpoint.name.clone();
                self.labelled.ask(ui.ctx(), cx.workspace.submit(Command::AddLabels { endpoint, source }));
            }
            let (words, color) = match &self.labelled {
                Requested::Done(Reply::Labels(report)) => match report.problems.first() {
                    None => (report.summary(), cx.theme.muted),
                    Some(why) => (why.clone(), cx.theme.warn.text),
                },
                Requested::Failed(why) => (why.to_string(), cx.theme.error.text),
                _ => return,
            };
            let room = ui.available_width();
            text::elided(ui, &words, fonts::small(), color, room);
        });
    }

    fn answers(&self, ui: &mut Ui, cx: &mut Context<'_>) {
        let theme = cx.theme;
        let Some(newest) = self.tries.first() else { return };
        egui::Frame::new()
            .fill(theme.panel)
            .corner_radius(CornerRadius::same(size::RADIUS + 2))
            .inner_margin(egui::Margin::symmetric(14, 12))
            .show(ui, |ui| {
                ui.set_width(ui.available_width());
                match &newest.result {
                    Ok(answer) => {
                        ui.horizontal(|ui| {
                            ui.spacing_mut().item_spacing.x = 12.0;
                            ui.add(status(answer.status));
                            text::body(ui, latency(answer));
                            if let Some(variant) = &answer.variant {
                                text::muted(ui, format!("answered by {variant}"));
                            }
                            text::text(ui, answer.content_type.clone(), fonts::mono(), theme.muted);
                            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                                if Button::icon_only(Icon::Copy, "Copy answer").show(ui) {
                                    cx.actions.copy(&answer.body, "answer");
                                }
                            });
                        });
                        egui::ScrollArea::both().id_salt("answer").max_height(150.0).show(ui, |ui| {
                            let words: String = answer.body.chars().take(20_000).collect();
                            let words = egui::RichText::new(words).font(fonts::mono()).color(theme.text);
                            ui.add(egui::Label::new(words).selectable(true).wrap());
                        });
                    }
                    Err(why) => {
                        ui.horizontal_wrapped(|ui| {
                            ui.add(Pill::new("No answer", PillTone::Error));
                            text::text(ui, why.clone(), fonts::body(), theme.text);
                        });
                    }
                }
            });
    }

    fn earlier(&self, ui: &mut Ui, cx: &Context<'_>) {
        let theme = cx.theme;
        if self.tries.len() < 2 {
            return;
        }
        text::text(ui, "Earlier", fonts::small_medium(), theme.muted);
        ui.spacing_mut().item_spacing.y = 3.0;
        for one in self.tries.iter().skip(1) {
            ui.horizontal(|ui| {
                ui.set_height(22.0);
                let (pill, words) = match &one.result {
                    Ok(answer) => (
                        status(answer.status),
                        format!("{} · {} · ", latency(answer), answer.variant.as_deref().unwrap_or("–")),
                    ),
                    Err(why) => (Pill::new("No answer", PillTone::Error), why.clone()),
                };
                ui.add(pill);
                text::text(ui, words, fonts::small(), theme.muted);
                let answer = one.result.as_ref().map_or("", |answer| answer.body.trim());
                let room = ui.available_width();
                let said = if answer.is_empty() { one.said.clone() } else { format!("{answer}   ←  {}", one.said) };
                text::elided(ui, &said, fonts::mono(), theme.muted, room);
            });
        }
    }

    /// Sends on a thread of its own; a still window wakes when the answer comes.
    fn send(&mut self, ui: &Ui, frame: &Frame<'_>) {
        let Some(url) = frame.data.url.clone() else { return };
        let request = Request {
            url,
            content_type: self.format.content_type(),
            variant: self.variant.clone(),
            body: self.body.clone().into_bytes(),
        };
        let (resolver, answer) = promise();
        wake_on_answer(ui.ctx(), &answer);
        // A refused thread drops the resolver: the promise breaks, and the dialog says so.
        let _ =
            std::thread::Builder::new().name("try-it".to_owned()).spawn(move || resolver.resolve(http::post(&request)));
        self.sent = Some(answer);
        ui.ctx().request_repaint();
    }
}

fn status(code: u16) -> Pill {
    let tone = match code {
        200..300 => PillTone::Ok,
        400..500 => PillTone::Warn,
        _ => PillTone::Error,
    };
    Pill::new(code.to_string(), tone)
}

fn latency(answer: &Answer) -> String {
    let ms = answer.took.as_secs_f64() * 1000.0;
    format!("{} ms", grouped(ms, if ms < 10.0 { 2 } else { 0 }))
}
