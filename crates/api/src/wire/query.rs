//! Query strings, read strictly with the vocabulary of bodies.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::json::{Members, Node};
use super::path::percent_decode;
use super::reader::{Fields, Source, read};
use crate::problem::{self, Problem};

/// The parameters of a query. Unknown ones are refused; one given twice is refused where no list is read.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: Fields> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<problem::Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(req.query_string()).and_then(|members| read(&members, Source::Query)).map(Self))
    }
}

/// No parameters at all; any is refused. For operations without a query.
#[derive(Debug)]
pub struct NoQuery;

impl Fields for NoQuery {
    fn read(_: &mut super::Reader<'_>) -> Option<Self> {
        Some(Self)
    }
}

fn parse(query: &str) -> problem::Result<Members> {
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = decode(name).zip(decode(value));
        pairs
            .push(decoded.ok_or_else(|| {
                Problem::malformed("malformed_query", "the query is not valid percent-encoded UTF-8")
            })?);
    }
    // Stable, so that the values of a repeated parameter stay in their order.
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    let mut members = Members::new();
    for (name, value) in pairs {
        match members.last_mut() {
            Some((last, Node::List(values))) if *last == name => values.push(Node::Text(value)),
            Some((last, node)) if *last == name => {
                *node = Node::List(vec![std::mem::replace(node, Node::Null), Node::Text(value)]);
            }
            _ => members.push((name, Node::Text(value))),
        }
    }
    Ok(members)
}

fn decode(text: &str) -> Option<String> {
    percent_decode(&text.replace('+', " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Reader;

    #[derive(Debug, PartialEq)]
    struct Filter {
        limit: Option<i64>,
        open: Option<bool>,
        tags: Option<Vec<String>>,
    }

    impl Fields for Filter {
        fn read(r: &mut Reader<'_>) -> Option<Self> {
            let limit = r.get("limit").integer(1..=200);
            let open = r.get("open").boolean();
            let tags = r.get("tag").list(3, |tag| tag.text(10));
            Some(Self { limit, open, tags })
        }
    }

    fn outcome(query: &str) -> Result<Filter, Vec<(String, &'static str)>> {
        let result = parse(query).and_then(|members| read(&members, Source::Query));
        result.map_err(|problem| {
            let errors = problem.errors().iter().map(|e| (e.pointer.clone(), e.code)).collect::<Vec<_>>();
            if errors.is_empty() { vec![(String::new(), problem.code())] } else { errors }
        })
    }

    #[test]
    fn parameters_are_read() {
        let filter = outcome("tag=b+c&limit=5&&tag=%C3%A9&open=true").unwrap();
        let tags = Some(vec!["b c".to_owned(), "é".to_owned()]);
        assert_eq!(filter, Filter { limit: Some(5), open: Some(true), tags });
        assert_eq!(outcome("tag=a").unwrap().tags, Some(vec!["a".to_owned()]));
        assert_eq!(outcome("").unwrap(), Filter { limit: None, open: None, tags: None });
    }

    #[test]
    fn bad_parameters_are_refused() {
        for (query, pointer, code) in [
            ("limit=0", "/limit", "out_of_range"),
            ("limit=", "/limit", "wrong_type"),
            ("limit=1&limit=2", "/limit", "repeated"),
            ("open=1", "/open", "wrong_type"),
            ("tag=%00", "/tag/0", "control_character"),
            ("tag=a&tag=b&tag=c&tag=d", "/tag", "too_many"),
            ("offset=1", "/offset", "unknown_field"),
            ("tag=%ff", "", "malformed_query"),
            ("tag=%f", "", "malformed_query"),
            ("%zz=1", "", "malformed_query"),
        ] {
            assert_eq!(outcome(query).unwrap_err(), [(pointer.to_owned(), code)], "{query}");
        }
    }
}
