//! The Code tab: the same request from a shell and from Python, correct for this workspace.

use egui::Ui;

use super::Frame;
use super::try_it::{Format, TryIt};
use crate::gui::context::Context;
use crate::gui::theme::size;
use crate::gui::widgets::code_block::code_block;
use crate::gui::widgets::{empty_state, text};

pub(super) fn ui(ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>, try_it: &mut TryIt) {
    ui.spacing_mut().item_spacing.y = 8.0;
    let Some(url) = &frame.data.url else {
        empty_state::nothing(ui, "The listener has not started; the URL is known as soon as it has.");
        return;
    };
    let (row, format) =
        try_it.example(ui, cx, frame).unwrap_or_else(|| ("FEATURES OF ONE ROW".to_owned(), Format::Csv));
    let kind = format.content_type();
    let row = row.replace('\'', "");
    text::strong(ui, "curl");
    code_block(ui, cx.actions, "curl command", &curl(url, kind, &row, None));
    if let Some(first) = frame.endpoint.variants.first() {
        ui.add_space(size::GAP - 8.0);
        text::strong(ui, "curl, one variant forced");
        code_block(ui, cx.actions, "curl command with variant", &curl(url, kind, &row, Some(&first.name)));
    }
    ui.add_space(size::GAP - 8.0);
    text::strong(ui, "Python, standard library");
    code_block(ui, cx.actions, "Python code", &python(url, kind, &row));
}

fn curl(url: &str, kind: &str, row: &str, variant: Option<&str>) -> String {
    let forced = variant.map(|name| format!("  -H 'X-Amzn-SageMaker-Target-Variant: {name}' \\\n")).unwrap_or_default();
    format!("curl -i -X POST {url} \\\n  -H 'Content-Type: {kind}' \\\n{forced}  --data-binary '{row}'")
}

fn python(url: &str, kind: &str, row: &str) -> String {
    format!(
        "from urllib.request import Request, urlopen\n\n\
         request = Request(\n    \"{url}\",\n    data=b\"{row}\",\n    headers={{\"Content-Type\": \"{kind}\"}},\n)\n\
         with urlopen(request) as answer:\n    \
         print(answer.headers[\"x-amzn-Invoked-Production-Variant\"], answer.read().decode())"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_ready_to_paste() {
        assert_eq!(
            curl("http://127.0.0.1:8770/endpoints/e/invocations", "text/csv", "1,2", Some("xgb-a")),
            "curl -i -X POST http://127.0.0.1:8770/endpoints/e/invocations \\\n  -H 'Content-Type: text/csv' \\\n  \
             -H 'X-Amzn-SageMaker-Target-Variant: xgb-a' \\\n  --data-binary '1,2'"
        );
        assert!(python("http://h/e", "text/csv", "1,2").contains("data=b\"1,2\""));
    }
}
