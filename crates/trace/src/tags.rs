//! What tags say of the code that made a thing: those of Yor, of git, and of CloudFormation.

/// Longest value that is looked at.
const MOST_VALUE: usize = 1024;
/// Longest label of Google Cloud; what is longer is cut there.
const MOST_LABEL: usize = 63;

/// What tags say of the code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tagged {
    /// The id that Yor gives each block.
    pub yor: Option<String>,
    /// The name of the block.
    pub block: Option<String>,
    /// Who the repository belongs to.
    pub org: Option<String>,
    /// The repository.
    pub repo: Option<String>,
    /// The file in it.
    pub file: Option<String>,
    /// The commit that changed the block last.
    pub commit: Option<String>,
    /// Who changed the block last.
    pub author: Option<String>,
    /// The stack of CloudFormation.
    pub stack: Option<String>,
    /// The name of the resource in its template.
    pub logical: Option<String>,
}

/// The place in [`Tagged`] that a tag fills.
type Field = fn(&mut Tagged) -> &mut Option<String>;

/// Keys in letters and digits of lower case, and what they say.
const KEYS: &[(&str, Field)] = &[
    ("yortrace", |tagged| &mut tagged.yor),
    ("yorname", |tagged| &mut tagged.block),
    ("gitorg", |tagged| &mut tagged.org),
    ("githuborg", |tagged| &mut tagged.org),
    ("gitrepo", |tagged| &mut tagged.repo),
    ("gitrepository", |tagged| &mut tagged.repo),
    ("giturl", |tagged| &mut tagged.repo),
    ("githubrepo", |tagged| &mut tagged.repo),
    ("githubrepository", |tagged| &mut tagged.repo),
    ("gitlabproject", |tagged| &mut tagged.repo),
    ("repository", |tagged| &mut tagged.repo),
    ("repositoryurl", |tagged| &mut tagged.repo),
    ("repo", |tagged| &mut tagged.repo),
    ("repourl", |tagged| &mut tagged.repo),
    ("sourcerepo", |tagged| &mut tagged.repo),
    ("sourcerepository", |tagged| &mut tagged.repo),
    ("terraformrepo", |tagged| &mut tagged.repo),
    ("gitfile", |tagged| &mut tagged.file),
    ("gitpath", |tagged| &mut tagged.file),
    ("sourcefile", |tagged| &mut tagged.file),
    ("terraformfile", |tagged| &mut tagged.file),
    ("gitcommit", |tagged| &mut tagged.commit),
    ("gitcommitsha", |tagged| &mut tagged.commit),
    ("gitsha", |tagged| &mut tagged.commit),
    ("gitlastmodifiedby", |tagged| &mut tagged.author),
    ("awscloudformationstackname", |tagged| &mut tagged.stack),
    ("awscloudformationlogicalid", |tagged| &mut tagged.logical),
];

impl Tagged {
    /// Reads tags. Of two keys that say the same the first counts.
    #[must_use]
    pub fn of<'t>(tags: impl Iterator<Item = (&'t str, &'t str)>) -> Self {
        let mut tagged = Self::default();
        for (key, value) in tags {
            let word: String = key
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .take(64)
                .map(|letter| letter.to_ascii_lowercase())
                .collect();
            let value = value.trim();
            let known = KEYS.iter().find(|(known, _)| *known == word);
            if let Some((_, field)) = known
                && !value.is_empty()
                && value.len() <= MOST_VALUE
            {
                field(&mut tagged).get_or_insert_with(|| value.to_owned());
            }
        }
        tagged
    }

    /// The repository that they name.
    #[must_use]
    pub fn origin(&self) -> Option<Origin> {
        let origin = Origin::parse(self.repo.as_deref()?)?;
        let owner = origin.owner.or_else(|| self.org.clone());
        Some(Origin { owner, ..origin })
    }

    /// Whether they name a file, by its path from the top of its repository.
    pub(crate) fn names_file(&self, path: &str) -> bool {
        self.file.as_deref().is_some_and(|file| {
            let file = file.trim_start_matches("./").trim_start_matches('/');
            file == path || is_label_of(file, path)
        })
    }

    /// Whether they name a file, where the top of its repository is not known.
    pub(crate) fn names_file_below(&self, path: &str) -> bool {
        let below = |file: &str| file.ends_with(&format!("/{path}"));
        self.names_file(path) || self.file.as_deref().is_some_and(below)
    }
}

/// A repository, by its name and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Whose it is, groups within groups included.
    pub owner: Option<String>,
    /// Its name.
    pub name: String,
}

impl Origin {
    /// Reads `https://host/acme/infra.git`, `git@host:acme/infra.git`, `acme/infra` and `infra`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches('/');
        let text = text.strip_suffix(".git").unwrap_or(text);
        let path = match text.split_once("://") {
            Some((_, rest)) => rest.split_once('/')?.1,
            None => match text.split_once(':') {
                Some((host, path)) if host.contains('@') => path,
                Some(_) | None => text,
            },
        };
        let path = path.trim_matches('/');
        let (owner, name) = match path.rsplit_once('/') {
            Some((owner, name)) => (Some(owner.to_owned()), name),
            None => (None, path),
        };
        (!name.is_empty()).then(|| Self { owner, name: name.to_owned() })
    }

    /// Whether both may be the same repository: the names are, and the owners where both are known.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let same = |one: &str, other: &str| {
            one.eq_ignore_ascii_case(other) || is_label_of(one, other) || is_label_of(other, one)
        };
        let owners = match (&self.owner, &other.owner) {
            (Some(one), Some(two)) => same(one, two),
            (Some(_) | None, None) | (None, Some(_)) => true,
        };
        owners && same(&self.name, &other.name)
    }

    /// `acme/infra`.
    #[must_use]
    pub fn whole(&self) -> String {
        match &self.owner {
            Some(owner) => format!("{owner}/{}", self.name),
            None => self.name.clone(),
        }
    }
}

/// Whether a label of Google Cloud is what a text becomes there: lower case, `__` for a slash,
/// `_` for a dot.
fn is_label_of(label: &str, text: &str) -> bool {
    let full = text.to_lowercase().replace('/', "__").replace('.', "_");
    label == full || (label.len() == MOST_LABEL && full.starts_with(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_in_any_spelling() {
        let tags = [
            ("git_file", "a/b.tf"),
            ("Git-Org", "acme"),
            ("GithubRepo", "infra"),
            ("aws:cloudformation:logical-id", "Logs"),
            ("yor_trace", " "),
            ("Team", "x"),
        ];
        let tagged = Tagged::of(tags.into_iter());
        assert_eq!(tagged.origin().unwrap().whole(), "acme/infra");
        assert_eq!(tagged.logical.as_deref(), Some("Logs"));
        assert_eq!(tagged.yor, None);
        assert!(tagged.names_file("a/b.tf") && !tagged.names_file("b.tf"));
    }

    #[test]
    fn labels_of_google_cloud_mean_the_path() {
        let tagged = Tagged::of([("git_file", "terraform__gcp__big_data_tf")].into_iter());
        assert!(tagged.names_file("terraform/gcp/big_data.tf"));
        assert!(!tagged.names_file("terraform/gcp/big.data.tf.x"));
    }

    #[test]
    fn repositories_are_the_same_in_every_spelling() {
        let one = Origin::parse("git@github.com:Acme/Infra.git").unwrap();
        for other in
            ["https://github.com/acme/infra", "acme/infra", "infra", "ssh://git@h:22/acme/infra/"]
        {
            assert!(one.is(&Origin::parse(other).unwrap()), "{other}");
        }
        assert!(!one.is(&Origin::parse("other/infra").unwrap()));
        assert_eq!(Origin::parse("https://github.com"), None);
        assert_eq!(Origin::parse(""), None);
    }
}
