//! `POST /api/serving-layer/query`.

use serde_json::{Value, json};

use super::query::Query;
use super::records::{self, About};
use super::view::{self, Model};
use super::{Kept, OrcaVersion, READ_ALERTS, READ_ASSETS, bad, refused};
use crate::net::{Answer, Asked};
use crate::platforms::world::State;

pub(super) fn query(kept: &mut Kept, world: &State, asked: &Asked) -> Result<Answer, Answer> {
    if kept.settings.version == OrcaVersion::Older {
        return Err(refused(404, &json!({"detail": "Not found."})));
    }
    if asked.header("content-type") != Some("application/json") {
        return Err(refused(415, &json!({"detail": "Unsupported media type in request."})));
    }
    let query = Query::read(&asked.body, kept.settings.version).map_err(bad)?;
    match query.model {
        Model::Alert => kept.need(READ_ALERTS)?,
        Model::Vulnerability | Model::Asset => kept.need(READ_ASSETS)?,
    }
    if query.beside.iter().any(|model| model == "Inventory") {
        kept.need(READ_ASSETS)?;
    }
    let changes = kept.alerts.values().map(|alert| alert.comments.len() + 1).sum();
    let print = view::print(world, changes) ^ touched(kept);
    let Kept { settings, alerts, views, .. } = kept;
    let about = |number: usize| about(world, (alerts, settings), (query.model, number));
    let list = views.get((&query.list(), print), || {
        let numbers = view::numbers(world, query.model).into_iter();
        let rows = numbers.filter_map(|number| Some((number, about(number)?)));
        let mut rows: Vec<(usize, About<'_>)> = rows.filter(|(_, row)| query.wants(row)).collect();
        query.sort(&mut rows);
        rows.into_iter().map(|(number, _)| number).collect()
    });
    let page = list.iter().skip(query.start).take(query.limit);
    let data: Vec<Value> = page
        .filter_map(|number| {
            let row = about(*number)?;
            match query.model {
                Model::Alert => Some(records::served(&row, &query.beside)),
                Model::Vulnerability => records::vulnerability(&row, query.flat, &query.beside),
                Model::Asset => Some(records::asset(row.thing, &query.beside)),
            }
        })
        .collect();
    let mut answer = json!({"status": "success", "data": data});
    if let Some(fields) = answer.as_object_mut().filter(|_| query.count) {
        fields.insert("total_items".to_owned(), json!(list.len()));
    }
    Ok(Answer::new(200, answer.to_string()))
}

/// A number that changes with what was done to alerts.
fn touched(kept: &Kept) -> u64 {
    let changed = kept.alerts.values().filter_map(|alert| alert.changed);
    changed.fold(0, |print, at| print.rotate_left(7) ^ at.as_second().unsigned_abs())
}

/// A row: a flaw with its thing, or a thing by one of its flaws.
pub(super) fn about<'a>(
    world: &'a State,
    (alerts, settings): (
        &'a std::collections::BTreeMap<usize, super::OrcaAlert>,
        &'a super::OrcaSettings,
    ),
    (model, number): (Model, usize),
) -> Option<About<'a>> {
    let flaw = match model {
        Model::Alert | Model::Vulnerability => world.flaws.get(number)?,
        // The fields of an asset are those of the thing; the flaw is not looked at.
        Model::Asset => world.flaws.first()?,
    };
    let thing = match model {
        Model::Alert | Model::Vulnerability => world.things.get(flaw.thing)?,
        Model::Asset => world.things.get(number)?,
    };
    Some(About { flaw, thing, touched: alerts.get(&flaw.number), settings })
}
