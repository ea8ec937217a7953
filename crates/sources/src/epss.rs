//! FIRST's EPSS scores as CSV: `#model_version:…,score_date:…`, a header, a row for each CVE.

use std::io::{BufRead, BufReader, Read};

use quell_catalog::{EpssScores, cve_number};

/// Rows that are taken; the whole of EPSS has some 300,000.
const MOST_ROWS: usize = 4_000_000;
/// Longest line; a real one has 40 bytes.
const MOST_LINE_BYTES: u64 = 4096;

/// Scores with their date.
#[derive(Debug, Clone, PartialEq)]
pub struct Epss {
    /// The day they are of, as the first line says; `unknown` where it does not.
    pub date: String,
    /// The scores.
    pub scores: EpssScores,
}

/// Reads a file of scores.
///
/// # Errors
/// When it cannot be read, or a line is not as it should be; the sentence names the line.
pub fn read_epss(reader: impl Read) -> Result<Epss, String> {
    let mut reader = BufReader::new(reader);
    let mut rows = Rows { date: "unknown".to_owned(), ..Rows::default() };
    let mut line = String::new();
    let mut number = 0u64;
    loop {
        line.clear();
        number += 1;
        let read = reader
            .by_ref()
            .take(MOST_LINE_BYTES)
            .read_line(&mut line)
            .map_err(|e| format!("line {number}: cannot be read: {e}"))?;
        if read == 0 {
            break;
        }
        rows.line(line.trim()).map_err(|reason| format!("line {number}: {reason}"))?;
    }
    if rows.columns.is_none() {
        return Err("line 1: there is no header `cve,epss,percentile`".to_owned());
    }
    rows.rows.sort_by_key(|(weakness, _)| *weakness);
    let twice = rows.rows.windows(2).any(|pair| match pair {
        [(a, x), (b, y)] => a == b && x.to_bits() != y.to_bits(),
        _ => false,
    });
    if twice {
        return Err("a CVE stands twice with different scores".to_owned());
    }
    Ok(Epss { date: rows.date, scores: EpssScores::from_rows(rows.rows) })
}

#[derive(Debug, Default)]
struct Rows {
    date: String,
    /// Where the id and the score stand in a row.
    columns: Option<(usize, usize)>,
    rows: Vec<(u64, f32)>,
}

impl Rows {
    fn line(&mut self, line: &str) -> Result<(), String> {
        if line.is_empty() {
            return Ok(());
        }
        if let Some(comment) = line.strip_prefix('#') {
            if let Some(date) = score_date(comment) {
                self.date = date;
            }
            return Ok(());
        }
        match self.columns {
            None => self.header(line),
            Some(columns) => self.row(line, columns),
        }
    }

    fn header(&mut self, line: &str) -> Result<(), String> {
        let at =
            |name: &str| line.split(',').position(|cell| plain(cell).eq_ignore_ascii_case(name));
        let columns = at("cve").zip(at("epss").or_else(|| at("epss_score")));
        self.columns = columns;
        columns
            .map(|_| ())
            .ok_or_else(|| format!("`{}` is no header with `cve` and `epss`", shown(line)))
    }

    fn row(&mut self, line: &str, (cve, epss): (usize, usize)) -> Result<(), String> {
        let cell = |at: usize| line.split(',').nth(at).map(plain).unwrap_or_default();
        let weakness =
            cve_number(cell(cve)).ok_or_else(|| format!("`{}` is no CVE id", shown(cell(cve))))?;
        let score = cell(epss).parse::<f32>().ok().filter(|s| (0.0..=1.0).contains(s));
        let score = score
            .ok_or_else(|| format!("`{}` is no probability from 0 to 1", shown(cell(epss))))?;
        if self.rows.len() == MOST_ROWS {
            return Err(format!("there are more than {MOST_ROWS} rows"));
        }
        self.rows.push((weakness, score));
        Ok(())
    }
}

/// `2031-03-15` of `model_version:v2025.03.14,score_date:2031-03-15T00:00:00+0000`.
fn score_date(comment: &str) -> Option<String> {
    let date = comment.split(',').find_map(|part| part.trim().strip_prefix("score_date:"))?;
    let day = date.trim().get(..10)?;
    day.bytes().all(|b| b.is_ascii_digit() || b == b'-').then(|| day.to_owned())
}

fn plain(cell: &str) -> &str {
    cell.trim().trim_matches('"')
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::read_epss;

    #[test]
    fn scores_are_read_with_their_date() {
        let text = "#model_version:v2025.03.14,score_date:2031-03-15T00:00:00+0000\r\ncve,epss,percentile\r\nCVE-2031-1001,0.94358,0.9996\r\nCVE-1999-0001,0.01025,0.77\r\n";
        let read = read_epss(text.as_bytes()).unwrap();
        assert_eq!((read.date.as_str(), read.scores.len()), ("2031-03-15", 2));
        assert_eq!(read.scores.get("CVE-2031-1001"), Some(0.94358));
        let bare = read_epss("\"cve\",\"epss\"\nCVE-2031-1,1e-05\n".as_bytes()).unwrap();
        assert_eq!((bare.date.as_str(), bare.scores.get("CVE-2031-1")), ("unknown", Some(1e-05)));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, expected) in [
            ("", "line 1: there is no header"),
            ("a,b\n", "line 1: `a,b` is no header"),
            ("cve,epss\nCVE-2031-1,0.5\nCVE-x,0.5\n", "line 3: `CVE-x` is no CVE id"),
            ("cve,epss\nCVE-2031-1,1.5\n", "line 2: `1.5` is no probability"),
            ("cve,epss\nCVE-2031-1,NaN\n", "line 2: `NaN` is no probability"),
            ("cve,epss\nCVE-2031-1\n", "line 2: `` is no probability"),
            ("cve,epss\nCVE-2031-1,0.1\nCVE-2031-1,0.2\n", "stands twice"),
        ] {
            let error = read_epss(text.as_bytes()).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert!(read_epss(&b"cve,epss\n\xff\xfe,1\n"[..]).unwrap_err().contains("line 2"));
    }
}
