//! From text to stages. What StreamPU would refuse is refused, and what it would stumble over (no stages, no threads,
//! policies that do not exist), too.

use serde_json::{Map, Value};

use super::{
    CoreType, Entry, MOST, Node, Place, Policy, Resource, ScheduleError, ScheduleFile, ScheduleVersion, keys,
};
use crate::graph::Waiting;

const NUMBER: &str = "a number from 1 to 1000000";
const LIST: &str = "a list";

pub(super) fn read(text: &str, version: Option<ScheduleVersion>) -> Result<ScheduleFile, ScheduleError> {
    let is_list = version.is_none() && text.trim_start().starts_with('[');
    let value = if is_list { serde_json::from_str(&quote_letters(text)) } else { serde_json::from_str(text) };
    let value = value.map_err(|error| ScheduleError::Json { message: error.to_string() })?;
    if is_list {
        let list = List { stages: &value, what: "the top level", keys: keys::STAGE_CORES };
        return stages(list, read_letters, ScheduleVersion::V2, Default::default());
    }
    let top = Spot::new(&value, "the top level".to_owned())?;
    let guess = if top.object.contains_key("resources") { ScheduleVersion::V2 } else { ScheduleVersion::V1 };
    let version = version.unwrap_or(guess);
    let (entry, resources): (ReadPlace, _) = match version {
        ScheduleVersion::V1 => (read_cores, Default::default()),
        ScheduleVersion::V2 => (read_policy, read_resources(&top)?),
    };
    let list = List { stages: top.get("schedule")?, what: "`schedule`", keys: keys::of_stage(version) };
    top.check(keys::TOP)?;
    stages(list, entry, version, resources)
}

/// The stages of a file.
struct List<'a> {
    stages: &'a Value,
    what: &'static str,
    /// What a stage may say.
    keys: &'static [&'static str],
}

/// How threads and place of a stage are read.
type ReadPlace = fn(&Spot<'_>) -> Result<(usize, Place), ScheduleError>;

fn stages(
    List { stages: list, what, keys: known }: List<'_>,
    read_place: ReadPlace,
    version: ScheduleVersion,
    resources: [Resource; 2],
) -> Result<ScheduleFile, ScheduleError> {
    let list = list.as_array().ok_or_else(|| unexpected(what.to_owned(), LIST, list))?;
    if list.is_empty() {
        return Err(ScheduleError::NoStages);
    }
    let entry = |(stage, value): (usize, &Value)| {
        let spot = Spot::new(value, format!("stage {stage}"))?;
        let (threads, place) = read_place(&spot)?;
        let keys = ["sync_buff_size", "sync_waiting_type"];
        if let Some(key) = keys.into_iter().find(|&key| stage + 1 == list.len() && spot.has(key)) {
            return Err(ScheduleError::LastStage { stage, key });
        }
        let depth = if spot.has(keys[0]) { spot.number(keys[0])? } else { 1 };
        let (tasks, waiting) = (spot.number("tasks")?, spot.waiting(keys[1])?);
        spot.check(known)?;
        Ok(Entry { tasks, threads, place, depth, waiting })
    };
    let entries = list.iter().enumerate().map(entry).collect::<Result<_, _>>()?;
    Ok(ScheduleFile { version, resources, entries })
}

/// Version 1.
fn read_cores(spot: &Spot<'_>) -> Result<(usize, Place), ScheduleError> {
    const EXPECTED: &str = "a number from 1 to 1000000, or a list of PU numbers, not empty";
    let value = spot.get("cores")?;
    let place = match value.as_array() {
        None => {
            return Ok((count(value).ok_or_else(|| spot.wrong("cores", EXPECTED, value))?, Place::Anywhere));
        }
        Some(list) => list.iter().map(index).collect::<Option<Vec<usize>>>(),
    };
    let place = place.filter(|pus| (1..=MOST).contains(&pus.len()));
    let pus = place.ok_or_else(|| spot.wrong("cores", EXPECTED, value))?;
    Ok((pus.len(), Place::Pus(pus)))
}

/// Version 2.
fn read_policy(spot: &Spot<'_>) -> Result<(usize, Place), ScheduleError> {
    let value = spot.get("core-type")?;
    let mut types = [CoreType::P, CoreType::E].into_iter();
    let core_type = types.find(|core_type| value.as_str() == Some(core_type.name()));
    let core_type = core_type.ok_or_else(|| spot.wrong("core-type", "\"p-core\" or \"e-core\"", value))?;
    let policy = match spot.object.get("pinning-policy") {
        None => Policy::Loose,
        Some(value) => {
            let found = Policy::ALL.into_iter().find(|(_, name)| value.as_str() == Some(name));
            let expected = "\"loose\", \"guided\", \"packed\" or \"distant\"";
            found.ok_or_else(|| spot.wrong("pinning-policy", expected, value))?.0
        }
    };
    Ok((spot.number("threads")?, Place::By(core_type, policy)))
}

/// Of amp-scheduling.
fn read_letters(spot: &Spot<'_>) -> Result<(usize, Place), ScheduleError> {
    let value = spot.get("cores")?;
    let letters: Option<Vec<&str>> =
        value.as_array().and_then(|list| list.iter().map(Value::as_str).collect());
    let letters = letters.filter(|letters| letters.iter().all(|letter| *letter == letters[0]));
    let core_type = letters.as_ref().and_then(|letters| match letters.first() {
        Some(&"B") => Some(CoreType::P),
        Some(&"L") => Some(CoreType::E),
        _ => None,
    });
    let threads = letters.map_or(0, |letters| letters.len());
    let core_type =
        core_type.ok_or_else(|| spot.wrong("cores", "a list of the letter B or of the letter L", value))?;
    Ok((threads, Place::By(core_type, Policy::Loose)))
}

/// Puts B and L in quotes, unless they are.
fn quote_letters(text: &str) -> String {
    let (mut quoted, mut is_inside, mut is_escaped) = (String::with_capacity(2 * text.len()), false, false);
    for c in text.chars() {
        is_inside ^= c == '"' && !is_escaped;
        is_escaped = is_inside && c == '\\' && !is_escaped;
        match c {
            'B' | 'L' if !is_inside => quoted.extend(['"', c, '"']),
            _ => quoted.push(c),
        }
    }
    quoted
}

fn read_resources(top: &Spot<'_>) -> Result<[Resource; 2], ScheduleError> {
    let resources = Spot::new(top.get("resources")?, "resources".to_owned())?;
    let read = |core_type: CoreType| {
        let key = core_type.name();
        let spot = Spot::new(resources.get(key)?, format!("resources.{key}"))?;
        let value = spot.get("node-list")?;
        let list = value.as_array().ok_or_else(|| spot.wrong("node-list", LIST, value))?;
        spot.check(keys::RESOURCE)?;
        let node = |value: &Value| {
            let expected = "a list of PUs or cores such as 7, \"PU0-3\" or \"core0-5\"";
            read_node(value).ok_or_else(|| spot.wrong("node-list", expected, value))
        };
        let nodes = list.iter().map(node).collect::<Result<_, _>>()?;
        Ok(Resource { nodes, smt: spot.number("smt")? })
    };
    let both = [read(CoreType::P)?, read(CoreType::E)?];
    resources.check(keys::RESOURCES)?;
    Ok(both)
}

/// `7`, `"PU7"`, `"PU0-3"`, `"core7"` or `"core0-5"`.
fn read_node(value: &Value) -> Option<Node> {
    if let Some(number) = index(value) {
        return Some(Node { is_core: false, first: number, last: number });
    }
    let text = value.as_str()?;
    let core = text.strip_prefix("core");
    let range = core.or_else(|| text.strip_prefix("PU"))?;
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let number = |text: &str| {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|&number: &usize| is_number && number < MOST)
    };
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some(Node { is_core: core.is_some(), first, last })
}

/// A number from 1.
fn count(value: &Value) -> Option<usize> {
    index(value).filter(|&n| n > 0)
}

/// A number from 0.
fn index(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|n| usize::try_from(n).ok()).filter(|&n| n <= MOST)
}

/// An object of the file, and how to call it.
struct Spot<'a> {
    object: &'a Map<String, Value>,
    place: String,
}

impl<'a> Spot<'a> {
    fn new(value: &'a Value, place: String) -> Result<Self, ScheduleError> {
        match value.as_object() {
            Some(object) => Ok(Spot { object, place }),
            None => Err(unexpected(place, "an object", value)),
        }
    }

    /// There is no key but known ones.
    fn check(&self, known: &[&'static str]) -> Result<(), ScheduleError> {
        keys::check(self.object.keys(), known, &self.place)
    }

    fn has(&self, key: &str) -> bool {
        self.object.contains_key(key)
    }

    fn get(&self, key: &'static str) -> Result<&'a Value, ScheduleError> {
        self.object.get(key).ok_or_else(|| ScheduleError::Missing { place: self.place.clone(), key })
    }

    fn number(&self, key: &'static str) -> Result<usize, ScheduleError> {
        let value = self.get(key)?;
        count(value).ok_or_else(|| self.wrong(key, NUMBER, value))
    }

    fn waiting(&self, key: &'static str) -> Result<Waiting, ScheduleError> {
        match self.object.get(key).map(|value| (value.as_str(), value)) {
            Some((Some("active"), _)) => Ok(Waiting::Spin),
            None | Some((Some("passive"), _)) => Ok(Waiting::SpinThenPark),
            Some((_, value)) => Err(self.wrong(key, "\"active\" or \"passive\"", value)),
        }
    }

    fn wrong(&self, key: &str, expected: &'static str, value: &Value) -> ScheduleError {
        unexpected(format!("`{key}` of {}", self.place), expected, value)
    }
}

fn unexpected(what: String, expected: &'static str, value: &Value) -> ScheduleError {
    const LONGEST: usize = 60;
    let mut got = value.to_string();
    if let Some((end, _)) = got.char_indices().nth(LONGEST) {
        got.truncate(end);
        got.push('…');
    }
    ScheduleError::Unexpected { what, expected, got }
}
