//! S3 Control: the account's Block Public Access and its access points. REST with XML.

use hyper::Method;
use serde_json::Value;

use super::{CREATED_AT, page, page_size, s3};
use crate::answer::{Content, Failure, Xml};
use crate::operations::{Call, Outcome};
use crate::record::{known, list, reading, some_text, text};

/// Access points on a page.
const PAGE: usize = 1000;

/// The operation of a path, which begins with the version of the API.
pub fn operation(method: &Method, path: &[&str], _asks: &dyn Fn(&str) -> bool) -> Option<&'static str> {
    if method != Method::GET {
        return None;
    }
    match path.get(1..)? {
        ["configuration", "publicAccessBlock"] => Some("GetPublicAccessBlock"),
        ["accesspoint"] => Some("ListAccessPoints"),
        ["accesspoint", _] => Some("GetAccessPoint"),
        ["accesspoint", _, "policy"] => Some("GetAccessPointPolicy"),
        ["mrap", "instances"] => Some("ListMultiRegionAccessPoints"),
        ["mrap", "instances", _, "policy"] => Some("GetMultiRegionAccessPointPolicy"),
        _ => None,
    }
}

pub fn get_public_access_block(call: &Call<'_>) -> Outcome {
    let block = reading(call.account.field("public_access_block"), "s3control:GetPublicAccessBlock")?;
    if block.is_null() {
        let message = "The public access block configuration was not found";
        return Err(Failure::new(404, "NoSuchPublicAccessBlockConfiguration", message));
    }
    let mut xml = Xml::default();
    s3::public_access_block(&mut xml, block);
    Ok(Content::Xml("PublicAccessBlockConfiguration", xml))
}

/// The access points of the region.
fn points<'a>(call: &'a Call<'_>) -> &'a Value {
    &call.account.region(call.region())["access_points"]
}

pub fn list_access_points(call: &Call<'_>) -> Outcome {
    let all = list(reading(points(call), "s3control:ListAccessPoints")?);
    let (shown, next) = page(all, &call.parameter("nextToken"), page_size(call, "maxResults", PAGE));
    let mut xml = Xml::default();
    xml.element("AccessPointList", |xml| {
        for point in shown {
            xml.element("AccessPoint", |xml| identity(xml, point));
        }
    });
    xml.some_text("NextToken", next.as_deref());
    Ok(Content::Xml("ListAccessPointsResult", xml))
}

fn identity(xml: &mut Xml, point: &Value) {
    xml.text("Name", text(point, "name"));
    xml.text("NetworkOrigin", text(point, "network_origin"));
    if let Some(vpc) = some_text(point, "vpc_id") {
        xml.element("VpcConfiguration", |xml| xml.text("VpcId", vpc));
    }
    let bucket = &point["buckets"][0];
    xml.text("Bucket", text(bucket, "name"));
    xml.text("AccessPointArn", text(point, "arn"));
    xml.some_text("BucketAccountId", some_text(bucket, "account"));
}

/// One of several access points by the name that the path has at a place.
fn named<'a>(
    call: &Call<'_>,
    points: &'a Value,
    place: usize,
    absent: &'static str,
) -> Result<&'a Value, Failure> {
    let name = call.request.part(place);
    let found = list(known(points)).iter().find(|point| text(point, "name") == name);
    found.ok_or_else(|| Failure::new(404, absent, "The specified accesspoint does not exist"))
}

pub fn get_access_point(call: &Call<'_>) -> Outcome {
    let point = named(call, points(call), 2, "NoSuchAccessPoint")?;
    let block = reading(&point["public_access_block"], "s3control:GetAccessPoint")?;
    let mut xml = Xml::default();
    identity(&mut xml, point);
    if !block.is_null() {
        xml.element("PublicAccessBlockConfiguration", |xml| s3::public_access_block(xml, block));
    }
    xml.text("CreationDate", CREATED_AT);
    Ok(Content::Xml("GetAccessPointResult", xml))
}

/// A policy, or that there is none.
fn policy<'a>(point: &'a Value, operation: &str, absent: &'static str) -> Result<&'a str, Failure> {
    let policy = reading(&point["policy"], operation)?.as_str();
    policy.ok_or_else(|| Failure::new(404, absent, "The specified accesspoint policy does not exist"))
}

pub fn get_access_point_policy(call: &Call<'_>) -> Outcome {
    let point = named(call, points(call), 2, "NoSuchAccessPoint")?;
    let policy = policy(point, "s3control:GetAccessPointPolicy", "NoSuchAccessPointPolicy")?;
    let mut xml = Xml::default();
    xml.text("Policy", policy);
    Ok(Content::Xml("GetAccessPointPolicyResult", xml))
}

pub fn list_multi_region_access_points(call: &Call<'_>) -> Outcome {
    let points = call.account.field("multi_region_access_points");
    let all = list(reading(points, "s3control:ListMultiRegionAccessPoints")?);
    let (shown, next) = page(all, &call.parameter("nextToken"), page_size(call, "maxResults", PAGE));
    let mut xml = Xml::default();
    xml.element("AccessPoints", |xml| {
        for point in shown {
            xml.element("AccessPoint", |xml| multi_region(xml, point));
        }
    });
    xml.some_text("NextToken", next.as_deref());
    Ok(Content::Xml("ListMultiRegionAccessPointsResult", xml))
}

fn multi_region(xml: &mut Xml, point: &Value) {
    xml.text("Name", text(point, "name"));
    xml.some_text("Alias", text(point, "arn").rsplit_once('/').map(|(_, alias)| alias));
    xml.text("CreatedAt", CREATED_AT);
    let block = known(&point["public_access_block"]);
    if !block.is_null() {
        xml.element("PublicAccessBlock", |xml| s3::public_access_block(xml, block));
    }
    xml.text("Status", "READY");
    xml.element("Regions", |xml| {
        for bucket in list(&point["buckets"]) {
            xml.element("Region", |xml| {
                xml.text("Bucket", text(bucket, "name"));
                xml.some_text("BucketAccountId", some_text(bucket, "account"));
            });
        }
    });
}

pub fn get_multi_region_access_point_policy(call: &Call<'_>) -> Outcome {
    let points = call.account.field("multi_region_access_points");
    let point = named(call, points, 3, "NoSuchMultiRegionAccessPoint")?;
    let policy =
        policy(point, "s3control:GetMultiRegionAccessPointPolicy", "NoSuchMultiRegionAccessPointPolicy")?;
    let mut xml = Xml::default();
    xml.element("Policy", |xml| xml.element("Established", |xml| xml.text("Policy", policy)));
    Ok(Content::Xml("GetMultiRegionAccessPointPolicyResult", xml))
}
