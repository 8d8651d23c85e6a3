//! The columns of the table of CloudTrail records: those of the table that AWS publishes for Athena (`aws-semantics.md`
//! 13.1), so that one text of SQL serves both, and the Arrow arrays that are built from records.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{ArrayRef, ListArray, StringBuilder, StructArray};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use datafusion::arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};

use super::json;

/// What a field of a record is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// A text; anything that is no string is the text of its JSON.
    Text,
    /// An object with these members; others are left out.
    Object(&'static [Member]),
    /// A list of objects with these members.
    List(&'static [Member]),
}

/// A member of a record or of one of its objects.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    /// The name in the record.
    pub name: &'static str,
    /// The name of the column, in lower case.
    pub column: &'static str,
    /// What it is.
    pub shape: Shape,
}

const fn text(name: &'static str, column: &'static str) -> Member {
    Member { name, column, shape: Shape::Text }
}

const fn object(name: &'static str, column: &'static str, members: &'static [Member]) -> Member {
    Member { name, column, shape: Shape::Object(members) }
}

const SESSION_ISSUER: &[Member] = &[
    text("type", "type"),
    text("principalId", "principalid"),
    text("arn", "arn"),
    text("accountId", "accountid"),
    text("userName", "username"),
];
const SESSION_CONTEXT: &[Member] = &[
    object(
        "attributes",
        "attributes",
        &[text("mfaAuthenticated", "mfaauthenticated"), text("creationDate", "creationdate")],
    ),
    object("sessionIssuer", "sessionissuer", SESSION_ISSUER),
    text("ec2RoleDelivery", "ec2roledelivery"),
    text("sourceIdentity", "sourceidentity"),
    object(
        "webIdFederationData",
        "webidfederationdata",
        &[text("federatedProvider", "federatedprovider"), text("attributes", "attributes")],
    ),
];
const USER_IDENTITY: &[Member] = &[
    text("type", "type"),
    text("principalId", "principalid"),
    text("arn", "arn"),
    text("accountId", "accountid"),
    text("invokedBy", "invokedby"),
    text("accessKeyId", "accesskeyid"),
    text("userName", "username"),
    object(
        "onBehalfOf",
        "onbehalfof",
        &[text("userId", "userid"), text("identityStoreArn", "identitystorearn")],
    ),
    object("sessionContext", "sessioncontext", SESSION_CONTEXT),
];
const RESOURCE: &[Member] = &[
    text("ARN", "arn"),
    text("accountId", "accountid"),
    text("type", "type"),
    text("ARNPrefix", "arnprefix"),
];

/// The columns that are fields of a record.
pub(super) const MEMBERS: [Member; 28] = [
    text("eventVersion", "eventversion"),
    object("userIdentity", "useridentity", USER_IDENTITY),
    text("eventTime", "eventtime"),
    text("eventSource", "eventsource"),
    text("eventName", "eventname"),
    text("awsRegion", "awsregion"),
    text("sourceIPAddress", "sourceipaddress"),
    text("userAgent", "useragent"),
    text("errorCode", "errorcode"),
    text("errorMessage", "errormessage"),
    text("requestParameters", "requestparameters"),
    text("responseElements", "responseelements"),
    text("additionalEventData", "additionaleventdata"),
    text("requestID", "requestid"),
    text("eventID", "eventid"),
    text("readOnly", "readonly"),
    Member { name: "resources", column: "resources", shape: Shape::List(RESOURCE) },
    text("eventType", "eventtype"),
    text("apiVersion", "apiversion"),
    text("recipientAccountId", "recipientaccountid"),
    text("serviceEventDetails", "serviceeventdetails"),
    text("sharedEventID", "sharedeventid"),
    text("vpcEndpointId", "vpcendpointid"),
    text("vpcEndpointAccountId", "vpcendpointaccountid"),
    text("eventCategory", "eventcategory"),
    text("managementEvent", "managementevent"),
    text("edgeDeviceDetails", "edgedevicedetails"),
    object(
        "tlsDetails",
        "tlsdetails",
        &[
            text("tlsVersion", "tlsversion"),
            text("cipherSuite", "ciphersuite"),
            text("clientProvidedHostHeader", "clientprovidedhostheader"),
        ],
    ),
];

/// The columns by which Athena's table is partitioned: account, region and day of the folder, else of the record.
pub(super) const PARTITIONS: [&str; 3] = ["account", "region", "dt"];

/// The index in [`MEMBERS`] of the field with this name in records.
pub(super) fn index_of(name: &str) -> Option<usize> {
    MEMBERS.iter().position(|member| member.name == name)
}

/// Names of fields and their indices in [`MEMBERS`].
type Names = Vec<(&'static [u8], usize)>;

/// Fields by the length of their names, so that a name is compared with one or two.
static BY_LENGTH: LazyLock<Vec<Names>> = LazyLock::new(|| {
    let mut table = vec![Vec::new(); 32];
    for (index, member) in MEMBERS.iter().enumerate() {
        if let Some(row) = table.get_mut(member.name.len()) {
            row.push((member.name.as_bytes(), index));
        }
    }
    table
});

/// The places of a record's fields in its text; one for all records.
#[derive(Debug, Default)]
pub(super) struct Places {
    found: Vec<Option<Range<usize>>>,
}

impl Places {
    /// Finds the fields of the record with which the text begins, and its end. A field that stands twice counts as the last.
    pub(super) fn find(&mut self, text: &[u8]) -> Result<usize, json::Cut> {
        self.found.clear();
        self.found.resize(MEMBERS.len(), None);
        let table = &*BY_LENGTH;
        json::members(text, 0, |name, place| {
            let row = table.get(name.len()).map(Vec::as_slice).unwrap_or_default();
            if let Some((_, index)) = row.iter().find(|(known, _)| *known == name)
                && let Some(slot) = self.found.get_mut(*index)
            {
                *slot = Some(place);
            }
            true
        })
    }

    /// The text of a field's value.
    pub(super) fn value<'t>(&self, text: &'t [u8], index: usize) -> Option<&'t [u8]> {
        self.found.get(index).cloned().flatten().and_then(|place| text.get(place))
    }
}

/// The schema of the whole table.
pub(super) fn schema() -> SchemaRef {
    let members = MEMBERS.iter().map(|member| Field::new(member.column, data_type(member.shape), true));
    let partitions = PARTITIONS.iter().map(|name| Field::new(*name, DataType::Utf8, true));
    Arc::new(Schema::new(members.chain(partitions).collect::<Vec<_>>()))
}

fn data_type(shape: Shape) -> DataType {
    match shape {
        Shape::Text => DataType::Utf8,
        Shape::Object(members) => DataType::Struct(fields(members)),
        Shape::List(members) => DataType::List(item(members)),
    }
}

fn fields(members: &[Member]) -> Fields {
    members.iter().map(|member| Field::new(member.column, data_type(member.shape), true)).collect()
}

fn item(members: &[Member]) -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Struct(fields(members)), true))
}

/// A column that is being built.
#[derive(Debug)]
pub(super) enum Builder {
    /// Texts.
    Text(StringBuilder),
    /// Objects.
    Object(ObjectBuilder),
    /// Lists of objects: where each list ends, and whether it is there.
    List { items: ObjectBuilder, ends: Vec<i32>, valid: Vec<bool> },
}

/// Objects that are being built.
#[derive(Debug)]
pub(super) struct ObjectBuilder {
    members: &'static [Member],
    columns: Vec<Builder>,
    valid: Vec<bool>,
}

/// A value that is not of its field's shape; it is null in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WrongShape;

impl Builder {
    /// For the fields of a shape.
    pub(super) fn new(shape: Shape) -> Self {
        match shape {
            Shape::Text => Self::Text(StringBuilder::new()),
            Shape::Object(members) => Self::Object(ObjectBuilder::new(members)),
            Shape::List(members) => {
                Self::List { items: ObjectBuilder::new(members), ends: Vec::new(), valid: Vec::new() }
            }
        }
    }

    /// Appends a text, for the columns of partitions.
    pub(super) fn append_text(&mut self, text: Option<&str>) {
        match self {
            Self::Text(builder) => builder.append_option(text),
            Self::Object(_) | Self::List { .. } => _ = self.append(None),
        }
    }

    /// Appends a value; null if there is none or it is not of the shape.
    pub(super) fn append(&mut self, value: Option<&[u8]>) -> Result<(), WrongShape> {
        let value = value.filter(|value| *value != b"null");
        match self {
            Self::Text(builder) => {
                let text = value.map(json::text_of).transpose();
                builder.append_option(text.as_ref().ok().and_then(|text| text.as_ref()?.as_deref()));
                text.map(drop).map_err(|()| WrongShape)
            }
            Self::Object(builder) => builder.append(value),
            Self::List { items, ends, valid } => {
                let mut right = Ok(());
                let mut count = 0;
                if let Some(value) = value {
                    let each = |place: Range<usize>| {
                        right = right.and(items.append(value.get(place)));
                        count += 1;
                        true
                    };
                    let whole = json::elements(value, 0, each);
                    right = right.and(whole.map_err(|_| WrongShape));
                }
                ends.push(ends.last().copied().unwrap_or_default() + count);
                valid.push(value.is_some());
                right
            }
        }
    }

    /// The array of what was appended; the builder is empty again.
    pub(super) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Object(builder) => Arc::new(builder.finish()),
            Self::List { items, ends, valid } => {
                let offsets: Vec<i32> = std::iter::once(0).chain(std::mem::take(ends)).collect();
                let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
                let nulls = NullBuffer::from(std::mem::take(valid));
                let item = item(items.members);
                Arc::new(ListArray::new(item, offsets, Arc::new(items.finish()), Some(nulls)))
            }
        }
    }
}

impl ObjectBuilder {
    fn new(members: &'static [Member]) -> Self {
        let columns = members.iter().map(|member| Builder::new(member.shape)).collect();
        Self { members, columns, valid: Vec::new() }
    }

    fn append(&mut self, value: Option<&[u8]>) -> Result<(), WrongShape> {
        let mut places: [Option<Range<usize>>; 16] = Default::default();
        let mut right = Ok(());
        if let Some(value) = value {
            let whole = json::members(value, 0, |name, place| {
                let known = self.members.iter().position(|member| member.name.as_bytes() == name);
                if let Some(slot) = known.and_then(|index| places.get_mut(index)) {
                    *slot = Some(place);
                }
                true
            });
            right = whole.map(drop).map_err(|_| WrongShape);
        }
        for (column, place) in self.columns.iter_mut().zip(places) {
            let part = value.zip(place).and_then(|(value, place)| value.get(place));
            right = right.and(column.append(part));
        }
        self.valid.push(value.is_some());
        right
    }

    fn finish(&mut self) -> StructArray {
        let columns: Vec<ArrayRef> = self.columns.iter_mut().map(Builder::finish).collect();
        let nulls = NullBuffer::from(std::mem::take(&mut self.valid));
        let length = nulls.len();
        // The lengths agree: every member is appended to with each object.
        StructArray::try_new_with_length(fields(self.members), columns, Some(nulls), length)
            .unwrap_or_else(|_| StructArray::new_null(fields(self.members), length))
    }
}
