//! Makes a feed card fit: the links that are too many are left out from the end, and the last one that is shown says how
//! many there were.

use super::{Frame, TITLE_CHARS, json_len, shorten};
use crate::dingtalk::{FeedLink, Message};

/// The bytes of JSON that a link takes beside its values.
const LINK_LEN: usize = r#"{"title":"","messageURL":"","picURL":""},"#.len();

// === impl Frame ===

impl Frame<'_> {
    /// A feed card with these links, in the limit, and how many bytes of them were left out. A single link that is too
    /// long with its picture goes without, as a link alone.
    pub(super) fn feed(&self, mut links: Vec<FeedLink>) -> (Message, usize) {
        let (count, whole) = (links.len(), bytes(&links));
        if self.fitting(&links) == count {
            let card = Message::FeedCard { links: self.marked(links.clone(), 0) };
            if self.size(&card) <= self.limit {
                return (card, 0);
            }
        }
        links.iter_mut().for_each(|link| shorten(&mut link.title, TITLE_CHARS));
        links.truncate(self.fitting(&links).max(1));
        loop {
            let left_out = count - links.len();
            let card = Message::FeedCard { links: self.marked(links.clone(), left_out) };
            if self.size(&card) <= self.limit {
                return (card, whole - bytes(&links));
            }
            if links.len() > 1 {
                links.pop();
                continue;
            }
            let Some(FeedLink { title, url, .. }) = links.pop() else { return (card, 0) };
            let cut = whole - title.len() - url.len();
            let text = format!("{title}{}", more(left_out));
            let (link, more) = self.fit_text(Message::Link { title, text, url, picture: String::new() });
            return (link, cut + more);
        }
    }

    /// How many of the first links are within the limit, if nothing else had to be.
    fn fitting(&self, links: &[FeedLink]) -> usize {
        let mut used = 0;
        let fits = |link: &&FeedLink| {
            used += LINK_LEN + json_len(&link.title) + json_len(&link.url) + json_len(&link.picture);
            used <= self.limit
        };
        links.iter().take_while(fits).count()
    }

    /// The links with what the titles must say: the last one the keyword, if none has it, and how many are left out.
    fn marked(&self, mut links: Vec<FeedLink>, left_out: usize) -> Vec<FeedLink> {
        let lacks = |keyword: &&str| !links.iter().any(|link| link.title.contains(*keyword));
        let keyword = self.keyword.filter(lacks).map(|keyword| format!(" {keyword}"));
        if let Some(last) = links.last_mut() {
            last.title.push_str(&keyword.unwrap_or_default());
            last.title.push_str(&more(left_out));
        }
        links
    }
}

/// ` (+3)` for three links more.
fn more(left_out: usize) -> String {
    if left_out > 0 { format!(" (+{left_out})") } else { String::new() }
}

/// The bytes of all that `links` say.
fn bytes(links: &[FeedLink]) -> usize {
    links.iter().map(|link| link.title.len() + link.url.len() + link.picture.len()).sum()
}
