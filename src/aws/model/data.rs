//! The model as it lies in the program: shapes that point at each other by number, read once from the embedded file.

use std::collections::HashMap;
use std::io::Read;

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Number;

use super::pattern::Pattern;

/// The number of a shape in its service.
pub type ShapeId = usize;

/// One service: its operations, and the inputs of those that are kept.
#[derive(Debug, Default)]
pub struct Service {
    operations: Vec<String>,
    inputs: HashMap<String, ShapeId>,
    shapes: Vec<Shape>,
}

/// What a value has to be.
#[derive(Debug)]
pub struct Shape {
    /// AWS's name for it.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// Least value of a number; least length of anything else.
    pub min: Option<Number>,
    /// Greatest value or length.
    pub max: Option<Number>,
    /// What a text has to look like.
    pub pattern: Option<Pattern>,
    /// Not to be repeated in an error.
    pub sensitive: bool,
}

/// The types of the model.
#[derive(Debug)]
pub enum Kind {
    /// An object with known members.
    Structure(Vec<Member>),
    /// A list of one shape.
    List(ShapeId),
    /// An object with any keys.
    Map {
        /// The shape of the keys: a text.
        key: ShapeId,
        /// The shape of the values.
        value: ShapeId,
    },
    /// A text; one of these, unless there are none.
    Text(Vec<String>),
    /// A whole number of 32 bits.
    Integer,
    /// A whole number of 64 bits.
    Long,
    /// A number of 32 bits.
    Float,
    /// A number of 64 bits.
    Double,
    /// True or false.
    Boolean,
    /// Bytes, in base64.
    Blob,
    /// Seconds since 1970.
    Timestamp,
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// Its name on the wire.
    pub name: String,
    /// What it has to be.
    pub shape: ShapeId,
    /// Whether a request without it is refused.
    pub required: bool,
}

/// The file's own form.
#[derive(Deserialize)]
struct Raw {
    operations: Vec<String>,
    inputs: HashMap<String, String>,
    shapes: HashMap<String, RawShape>,
}

#[derive(Deserialize)]
struct RawShape {
    #[serde(rename = "type")]
    kind: String,
    min: Option<Number>,
    max: Option<Number>,
    pattern: Option<String>,
    #[serde(default, rename = "enum")]
    choices: Vec<String>,
    #[serde(default)]
    sensitive: bool,
    #[serde(default)]
    members: Vec<(String, String, bool)>,
    key: Option<String>,
    of: Option<String>,
}

impl Service {
    /// Reads the embedded file. One that cannot be read leaves an empty service and a word in the log; a test sees to it that none is.
    pub fn read(name: &str, packed: &[u8]) -> Self {
        Self::try_read(packed).unwrap_or_else(|error| {
            tracing::error!(service = name, %error, "the embedded service model cannot be read");
            Self::default()
        })
    }

    /// Reads a packed model.
    pub fn try_read(packed: &[u8]) -> Result<Self, String> {
        let mut text = String::new();
        GzDecoder::new(packed).read_to_string(&mut text).map_err(|error| error.to_string())?;
        let raw: Raw = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let mut names: Vec<&String> = raw.shapes.keys().collect();
        names.sort();
        let ids: HashMap<&str, ShapeId> = names.iter().enumerate().map(|(id, name)| (name.as_str(), id)).collect();
        let find = |name: &str| ids.get(name).copied().ok_or_else(|| format!("there is no shape {name}"));
        let shapes =
            names.iter().map(|name| raw.shapes[*name].resolve(name, &find)).collect::<Result<Vec<Shape>, String>>()?;
        let inputs = raw
            .inputs
            .iter()
            .map(|(operation, shape)| Ok((operation.clone(), find(shape)?)))
            .collect::<Result<_, String>>()?;
        Ok(Self { operations: raw.operations, inputs, shapes })
    }

    /// The names of all operations, sorted.
    pub fn operations(&self) -> &[String] {
        &self.operations
    }

    /// The shape of an operation's input, where it is kept.
    pub fn input(&self, operation: &str) -> Option<&Shape> {
        self.inputs.get(operation).map(|id| self.shape(*id))
    }

    /// A shape by its number.
    pub fn shape(&self, id: ShapeId) -> &Shape {
        &self.shapes[id]
    }

    /// All shapes.
    #[cfg(test)]
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// The operations whose input is kept.
    #[cfg(test)]
    pub fn inputs(&self) -> impl Iterator<Item = (&str, &Shape)> {
        self.inputs.iter().map(|(operation, id)| (operation.as_str(), self.shape(*id)))
    }
}

impl RawShape {
    fn resolve(&self, name: &str, find: &impl Fn(&str) -> Result<ShapeId, String>) -> Result<Shape, String> {
        let leads = |to: &Option<String>| find(to.as_deref().ok_or_else(|| format!("{name} leads nowhere"))?);
        let kind = match self.kind.as_str() {
            "structure" => Kind::Structure(
                self.members
                    .iter()
                    .map(|(name, shape, required)| {
                        Ok(Member { name: name.clone(), shape: find(shape)?, required: *required })
                    })
                    .collect::<Result<_, String>>()?,
            ),
            "list" => Kind::List(leads(&self.of)?),
            "map" => Kind::Map { key: leads(&self.key)?, value: leads(&self.of)? },
            "string" => Kind::Text(self.choices.clone()),
            "integer" => Kind::Integer,
            "long" => Kind::Long,
            "float" => Kind::Float,
            "double" => Kind::Double,
            "boolean" => Kind::Boolean,
            "blob" => Kind::Blob,
            "timestamp" => Kind::Timestamp,
            other => return Err(format!("{name} has the unknown type {other}")),
        };
        Ok(Shape {
            name: name.to_owned(),
            kind,
            min: self.min.clone(),
            max: self.max.clone(),
            pattern: self.pattern.as_deref().map(Pattern::new),
            sensitive: self.sensitive,
        })
    }
}
