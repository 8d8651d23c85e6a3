//! The table over a trail's files: partitions are projected, so that a query reads the days, accounts and regions that it
//! names and nothing else, and nobody has to add partitions.
//!
//! Columns and input format are those that AWS documents for CloudTrail:
//! <https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-org-wide-trail.html>,
//! <https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html>.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use crate::investigate::names::{BucketName, CatalogName, Day, KeyPrefix, OrganizationId};

/// Up to how many accounts the table lists; with more, each query must name the accounts that it asks about. Athena plans
/// one folder per account, region and day, and the list is part of the table's definition, which Glue bounds.
pub const MOST_LISTED_ACCOUNTS: usize = 1000;

/// The columns of a record, as CloudTrail's input format reads them. `requestparameters` and its like are JSON as text.
const COLUMNS: [(&str, &str); 28] = [
    ("eventversion", "string"),
    (
        "useridentity",
        "struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,accesskeyid:string,\
         username:string,onbehalfof:struct<userid:string,identitystorearn:string>,\
         sessioncontext:struct<attributes:struct<mfaauthenticated:string,creationdate:string>,\
         sessionissuer:struct<type:string,principalid:string,arn:string,accountid:string,username:string>,\
         ec2roledelivery:string,sourceidentity:string,\
         webidfederationdata:struct<federatedprovider:string,attributes:map<string,string>>>>",
    ),
    ("eventtime", "string"),
    ("eventsource", "string"),
    ("eventname", "string"),
    ("awsregion", "string"),
    ("sourceipaddress", "string"),
    ("useragent", "string"),
    ("errorcode", "string"),
    ("errormessage", "string"),
    ("requestparameters", "string"),
    ("responseelements", "string"),
    ("additionaleventdata", "string"),
    ("requestid", "string"),
    ("eventid", "string"),
    ("readonly", "string"),
    ("resources", "array<struct<arn:string,accountid:string,type:string,arnprefix:string>>"),
    ("eventtype", "string"),
    ("apiversion", "string"),
    ("recipientaccountid", "string"),
    ("serviceeventdetails", "string"),
    ("sharedeventid", "string"),
    ("vpcendpointid", "string"),
    ("vpcendpointaccountid", "string"),
    ("eventcategory", "string"),
    ("managementevent", "string"),
    ("edgedevicedetails", "string"),
    ("tlsdetails", "struct<tlsversion:string,ciphersuite:string,clientprovidedhostheader:string>"),
];

/// The columns that partitions are named by, outermost first.
pub const PARTITION_COLUMNS: [&str; 3] = ["account", "region", "dt"];

const SERDE: &str = "org.apache.hive.hcatalog.data.JsonSerDe";
const INPUT_FORMAT: &str = "com.amazon.emr.cloudtrail.CloudTrailInputFormat";
const OUTPUT_FORMAT: &str = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat";

/// A table over the files of a trail. Every part is of a closed alphabet, so that it can stand in a statement; statements
/// that define something take no parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailTable {
    /// The database that the table is in.
    pub database: CatalogName,
    /// Its name.
    pub table: CatalogName,
    /// The bucket that the trail delivers to.
    pub bucket: BucketName,
    /// The prefix that the trail was given, if one.
    pub prefix: Option<KeyPrefix>,
    /// The organization whose trail it is; none: a trail of an account, or of several that share the bucket.
    pub organization: Option<OrganizationId>,
    /// The accounts that the table lists; none: each query has to name those that it asks about.
    pub accounts: Vec<String>,
    /// The regions that the table lists.
    pub regions: Vec<String>,
    /// The first day that the table reaches back to.
    pub since: Day,
}

impl TrailTable {
    /// Where the accounts' folders lie, with a slash at the end.
    #[must_use]
    pub fn location(&self) -> String {
        let mut location = format!("s3://{}/", self.bucket);
        if let Some(prefix) = &self.prefix {
            location.push_str(prefix.as_str());
            location.push('/');
        }
        location.push_str("AWSLogs/");
        if let Some(organization) = &self.organization {
            location.push_str(organization.as_str());
            location.push('/');
        }
        location
    }

    /// Columns by name with their types, partition columns last.
    #[must_use]
    pub fn columns(&self) -> Vec<(String, String)> {
        let partitions = PARTITION_COLUMNS.map(|name| (name, "string"));
        COLUMNS.into_iter().chain(partitions).map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect()
    }

    /// The table's properties: how partitions are projected.
    #[must_use]
    pub fn properties(&self) -> BTreeMap<String, String> {
        let mut properties = BTreeMap::new();
        let mut set = |name: &str, value: String| properties.insert(name.to_owned(), value);
        set("projection.enabled", "true".to_owned());
        if self.accounts.is_empty() {
            set("projection.account.type", "injected".to_owned());
        } else {
            set("projection.account.type", "enum".to_owned());
            set("projection.account.values", self.accounts.join(","));
        }
        set("projection.region.type", "enum".to_owned());
        set("projection.region.values", self.regions.join(","));
        set("projection.dt.type", "date".to_owned());
        set("projection.dt.format", "yyyy/MM/dd".to_owned());
        set("projection.dt.range", format!("{},NOW", self.since));
        set("projection.dt.interval", "1".to_owned());
        set("projection.dt.interval.unit", "DAYS".to_owned());
        // Digest and Insight files lie in folders beside `CloudTrail` and are not read.
        set(
            "storage.location.template",
            format!("{}${{account}}/CloudTrail/${{region}}/${{dt}}", self.location()),
        );
        properties
    }
}

/// The statement that makes the table. It has no `IF NOT EXISTS`: a table of the same name is an error, never silently
/// another table than was meant.
impl fmt::Display for TrailTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |columns: &mut dyn Iterator<Item = (&str, &str)>| {
            let mut text = String::new();
            for (n, (name, kind)) in columns.enumerate() {
                let comma = if n == 0 { "" } else { "," };
                // Writing to a text cannot fail.
                _ = write!(text, "{comma}\n  {name} {kind}");
            }
            text
        };
        let columns = list(&mut COLUMNS.into_iter());
        let partitions = list(&mut PARTITION_COLUMNS.map(|name| (name, "string")).into_iter());
        writeln!(f, "CREATE EXTERNAL TABLE `{}`.`{}` ({columns}\n)", self.database, self.table)?;
        writeln!(f, "PARTITIONED BY ({partitions}\n)")?;
        writeln!(f, "ROW FORMAT SERDE '{SERDE}'")?;
        writeln!(f, "STORED AS INPUTFORMAT '{INPUT_FORMAT}'")?;
        writeln!(f, "OUTPUTFORMAT '{OUTPUT_FORMAT}'")?;
        writeln!(f, "LOCATION '{}'", self.location())?;
        let properties = self.properties();
        let lines: Vec<String> =
            properties.iter().map(|(name, value)| format!("  '{name}' = '{value}'")).collect();
        write!(f, "TBLPROPERTIES (\n{}\n)", lines.join(",\n"))
    }
}

/// A table as the catalogue knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CataloguedTable {
    /// Columns by name with their types, partition columns last.
    pub columns: Vec<(String, String)>,
    /// How many of the last columns partitions are named by.
    pub partition_columns: usize,
    /// The table's properties, and those that Athena adds: `location`, `inputformat`.
    pub properties: BTreeMap<String, String>,
}

impl CataloguedTable {
    /// In what a table that is there differs from the one that is wanted, a clause each.
    #[must_use]
    pub fn differences(&self, wanted: &TrailTable) -> Vec<String> {
        let mut found = Vec::new();
        let columns = wanted.columns();
        for (name, kind) in &columns {
            match self.columns.iter().find(|(there, _)| there.eq_ignore_ascii_case(name)) {
                None => found.push(format!("the column `{name}` is missing")),
                Some((_, there)) if !same_type(there, kind) => {
                    found.push(format!("the column `{name}` is of the type `{there}`"));
                }
                Some(_) => {}
            }
        }
        let partitions: Vec<&str> = self.partitions().collect();
        if partitions != PARTITION_COLUMNS {
            found.push(format!("its partitions are by `{}`", partitions.join(", ")));
        }
        let location = ("location".to_owned(), wanted.location());
        for (name, value) in wanted.properties().into_iter().chain([location]) {
            let there = self.properties.get(&name).map_or("", String::as_str);
            if there.trim_end_matches('/') != value.trim_end_matches('/') {
                found.push(format!("`{name}` is `{there}`, not `{value}`"));
            }
        }
        found
    }

    /// The columns that partitions are named by.
    pub fn partitions(&self) -> impl Iterator<Item = &str> {
        let first = self.columns.len().saturating_sub(self.partition_columns);
        self.columns.iter().skip(first).map(|(name, _)| name.as_str())
    }

    /// Whether each query has to name the accounts that it asks about.
    #[must_use]
    pub fn needs_accounts(&self) -> bool {
        self.property("projection.account.type") == Some("injected")
    }

    /// The values that a partition column is said to have.
    #[must_use]
    pub fn listed(&self, column: &str) -> Option<Vec<&str>> {
        self.property(&format!("projection.{column}.values")).map(|values| values.split(',').collect())
    }

    fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }
}

/// Whether two types are the same but for spaces and case.
fn same_type(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<String>().to_ascii_lowercase();
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn table(organization: Option<&str>, accounts: &[&str]) -> TrailTable {
        TrailTable {
            database: "security".parse().unwrap(),
            table: "cloudtrail".parse().unwrap(),
            bucket: "trail-bucket".parse().unwrap(),
            prefix: Some("logs/all".parse().unwrap()),
            organization: organization.map(|id| id.parse().unwrap()),
            accounts: accounts.iter().map(|&id| id.to_owned()).collect(),
            regions: vec!["eu-west-1".to_owned(), "us-east-1".to_owned()],
            since: "2025-01-01".parse().unwrap(),
        }
    }

    fn catalogued(table: &TrailTable) -> CataloguedTable {
        let mut properties = table.properties();
        properties.insert("location".to_owned(), table.location().trim_end_matches('/').to_owned());
        properties.insert("transient_lastDdlTime".to_owned(), "1".to_owned());
        CataloguedTable { columns: table.columns(), partition_columns: 3, properties }
    }

    #[test]
    fn an_organizations_files_lie_below_its_id() {
        let table = table(Some("o-example12345"), &["111122223333", "444455556666"]);
        let statement = table.to_string();
        for part in [
            "CREATE EXTERNAL TABLE `security`.`cloudtrail` (",
            "LOCATION 's3://trail-bucket/logs/all/AWSLogs/o-example12345/'",
            "'projection.account.type' = 'enum'",
            "'projection.account.values' = '111122223333,444455556666'",
            "'projection.dt.range' = '2025/01/01,NOW'",
            "'storage.location.template' = \
             's3://trail-bucket/logs/all/AWSLogs/o-example12345/${account}/CloudTrail/${region}/${dt}'",
        ] {
            assert!(statement.contains(part), "{part}\n{statement}");
        }
    }

    #[test]
    fn without_a_list_each_query_names_its_accounts() {
        let table = table(None, &[]);
        assert_eq!(table.location(), "s3://trail-bucket/logs/all/AWSLogs/");
        assert!(table.to_string().contains("'projection.account.type' = 'injected'"));
        assert!(!table.to_string().contains("projection.account.values"));
        assert!(catalogued(&table).needs_accounts());
        assert_eq!(catalogued(&table).listed("region"), Some(vec!["eu-west-1", "us-east-1"]));
    }

    #[test]
    fn a_table_of_the_same_definition_is_known_again() {
        let wanted = table(Some("o-example12345"), &["111122223333"]);
        let mut there = catalogued(&wanted);
        assert_eq!(there.differences(&wanted), [""; 0]);
        there.columns[1].1 = there.columns[1].1.replace(',', ", ").to_uppercase();
        assert_eq!(there.differences(&wanted), [""; 0], "Glue's spelling of a type is no difference");
    }

    #[test]
    fn each_difference_is_named() {
        let wanted = table(Some("o-example12345"), &["111122223333"]);
        let mut there = catalogued(&wanted);
        there.columns.remove(0);
        there.columns[3].1 = "int".to_owned();
        there.properties.insert("location".to_owned(), "s3://other/".to_owned());
        let differences = there.differences(&wanted);
        assert_eq!(
            differences,
            [
                "the column `eventversion` is missing",
                "the column `eventname` is of the type `int`",
                "`location` is `s3://other/`, not `s3://trail-bucket/logs/all/AWSLogs/o-example12345/`",
            ]
        );
        there.partition_columns = 2;
        assert!(there.differences(&wanted).contains(&"its partitions are by `region, dt`".to_owned()));
    }
}
