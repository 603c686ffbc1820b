//! Where things stand in a template that Handlebars' parser does not say, or says in riddles.

use std::collections::HashMap;

use handlebars::Template;
use handlebars::template::{HelperTemplate, TemplateElement, TemplateMapping};

/// Line and column, from 1.
type Place = (usize, usize);

/// Gives every `{{else if …}}` of `template`, whose text is `text`, its place. The parser makes blocks of them that stand
/// nowhere.
pub(in crate::render) fn fill_in_places(template: &mut Template, text: &str) {
    if text.contains("else") || text.contains('^') {
        fill(template, &alternatives(text));
    }
}

fn fill(template: &mut Template, alternatives: &HashMap<Place, Vec<Place>>) {
    let Template { elements, mapping, .. } = template;
    for (element, mapping) in elements.iter_mut().zip(mapping) {
        if let TemplateElement::HelperBlock(block) = element {
            let places = alternatives.get(&(mapping.0, mapping.1)).map(Vec::as_slice).unwrap_or_default();
            branches(block, mapping, places, alternatives);
        }
    }
}

/// Goes along the alternatives of a block, which stand at `places`; it begins itself at `mapping`.
fn branches(
    block: &mut HelperTemplate,
    mapping: &TemplateMapping,
    places: &[Place],
    alternatives: &HashMap<Place, Vec<Place>>,
) {
    if let Some(template) = &mut block.template {
        fill(template, alternatives);
    }
    let Some(inverse) = &mut block.inverse else { return };
    match inverse.elements.as_mut_slice() {
        [TemplateElement::HelperBlock(next)] if inverse.mapping.is_empty() => {
            let mut mapping = mapping.clone();
            if let Some((line, column)) = places.first() {
                (mapping.0, mapping.1) = (*line, *column);
            }
            branches(next, &mapping, places.get(1..).unwrap_or_default(), alternatives);
            inverse.mapping.push(mapping);
        }
        _ => fill(inverse, alternatives),
    }
}

/// Where the alternatives of each block stand, by the place of the block.
fn alternatives(text: &str) -> HashMap<Place, Vec<Place>> {
    let mut open: Vec<(Place, Vec<Place>)> = Vec::new();
    let mut closed = HashMap::new();
    // The place goes along with the scan, so that a long text is read once.
    let (mut from, mut place) = (0, (1, 1));
    while let Some(found) = text[from..].find("{{") {
        place = after(place, &text[from..from + found]);
        from += found;
        let rest = &text[from..];
        let escaped = text[..from].ends_with('\\') && !text[..from].ends_with("\\\\");
        let tag = rest[2..].trim_start_matches(|char: char| char == '~' || char.is_whitespace());
        let end = match rest {
            _ if escaped => "{{",
            rest if rest.starts_with("{{{{") => "}}}}",
            rest if rest.starts_with("{{!--") => "--}}",
            _ => "}}",
        };
        match tag {
            _ if escaped => {}
            tag if tag.starts_with('#') => open.push((place, Vec::new())),
            tag if tag.starts_with('/') => closed.extend(open.pop()),
            tag if tag.starts_with("else") || tag.starts_with('^') => {
                if let Some((_, places)) = open.last_mut() {
                    places.push(place);
                }
            }
            _ => {}
        }
        let length = rest.find(end).map_or(rest.len(), |at| at + end.len());
        place = after(place, &rest[..length]);
        from += length;
    }
    closed.extend(open);
    closed
}

/// The place after a text that begins at `place`.
fn after((line, column): Place, text: &str) -> Place {
    match text.rsplit_once('\n') {
        Some((before, last)) => (line + before.matches('\n').count() + 1, last.chars().count() + 1),
        None => (line, column + text.chars().count()),
    }
}

/// What is wrong near a place where the parser gave up, when it is a dot: Go's `.` and `.status` are none in Handlebars.
pub(in crate::render) fn dots(text: &str, (line, column): Place) -> Option<String> {
    let line_start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let in_line = text.get(line_start..)?.char_indices().nth(column.saturating_sub(1)).map_or(0, |(at, _)| at);
    let at = line_start + in_line;
    // The place is somewhere in the tag, its beginning included.
    let end = (at + 2..=at + 4).rev().find(|end| text.is_char_boundary(*end) && *end <= text.len()).unwrap_or(at);
    let start = text.get(..end)?.rfind("{{")?;
    let tag = text[start..].split("}}").next()?;
    let words = tag.split(|char: char| char.is_whitespace() || "{}~()=".contains(char));
    words.filter_map(|word| word.strip_prefix('.')).find_map(|rest| match rest {
        "" => Some("write this instead of a dot: {{this}}, {{> part this}}".to_owned()),
        "." => Some("write ../this instead of two dots alone".to_owned()),
        "/" => None,
        name if name.starts_with(char::is_alphabetic) => {
            Some(format!("write {name} without the dot before it: that is how Go templates write a field"))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_are_found_where_they_stand() {
        let text = "{{#if a}}\n {{#each b}}x{{else}}y{{/each}}\n{{~else if c}}{{!-- {{else}} --}}\\{{else if}}\n\
                    ü{{else if d}}{{! {{else }}{{else}}{{/if}}{{#if e}}{{^}}{{/if}}";
        let found = alternatives(text);
        assert_eq!(found[&(1, 1)], [(3, 1), (4, 2), (4, 28)]);
        assert_eq!(found[&(2, 2)], [(2, 14)]);
        assert_eq!(found.len(), 3);
    }
}
