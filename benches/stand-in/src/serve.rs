//! HTTP: from a request to its answer, with latency, limits and counting.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request as HttpRequest, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;

use crate::answer::{self, Body, Failure};
use crate::call::Request;
use crate::operations::{self, Call, OPERATIONS};
use crate::organization::Organization;
use crate::throttle::{self, TokenBuckets};

/// Where the stand-in itself is asked, as the emulator of the tests is.
const REQUESTS: &str = "/_exfilguard/requests";
const KNOWN: &str = "/_exfilguard/operations";

/// An organization that answers.
pub struct StandIn {
    organization: Organization,
    latency: Duration,
    limits: Option<TokenBuckets>,
    counts: [AtomicU64; OPERATIONS.len()],
    throttled: AtomicU64,
    connections: AtomicU64,
}

impl StandIn {
    /// An organization that answers after a while, within AWS's limits or without any.
    pub fn new(organization: Organization, latency: Duration, limited: bool) -> Self {
        let counts = [const { AtomicU64::new(0) }; OPERATIONS.len()];
        let limits = limited.then(TokenBuckets::default);
        Self {
            organization,
            latency,
            limits,
            counts,
            throttled: AtomicU64::new(0),
            connections: AtomicU64::new(0),
        }
    }

    async fn answer(&self, request: HttpRequest<Incoming>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let Ok(body) = body.collect().await else {
            return plain(StatusCode::BAD_REQUEST, "the body was cut off");
        };
        match head.uri.path() {
            REQUESTS => return self.control(&head.method),
            KNOWN => {
                let names: Vec<&str> = OPERATIONS.iter().map(|operation| operation.name).collect();
                return Response::new(Body::from(json!(names).to_string()));
            }
            _ => {}
        }
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        match Request::read(&head, &body.to_bytes()) {
            Some(request) => self.call(&request),
            None => plain(StatusCode::NOT_FOUND, "the stand-in knows no such call"),
        }
    }

    fn call(&self, request: &Request) -> Response<Body> {
        let (protocol, service) = (request.protocol, request.service);
        let Some(place) = operations::find(service, &request.operation) else {
            let message = format!("{service}:{}", request.operation);
            return answer::error(
                protocol,
                service,
                &Failure::new(404, "UnknownOperationException", message),
            );
        };
        let (Some(operation), Some(count)) = (OPERATIONS.get(place), self.counts.get(place)) else {
            return plain(StatusCode::INTERNAL_SERVER_ERROR, "the list of operations is broken");
        };
        count.fetch_add(1, Ordering::Relaxed);
        let account = request.account.as_deref().unwrap_or(self.organization.caller());
        if let (Some(limits), Some(limit)) = (&self.limits, throttle::limit(operation.name))
            && !limits.admit(limit, account, &request.region)
        {
            self.throttled.fetch_add(1, Ordering::Relaxed);
            return answer::error(protocol, service, &Failure::throttled(protocol, service));
        }
        let account = self.organization.account(account);
        let call = Call { request, account, organization: &self.organization };
        match (operation.answer)(&call) {
            Ok(content) => answer::response(protocol, &request.operation, content),
            Err(failure) => answer::error(protocol, service, &failure),
        }
    }

    /// How many calls and connections there were; `DELETE` forgets them.
    fn control(&self, method: &Method) -> Response<Body> {
        let counted =
            OPERATIONS.iter().zip(&self.counts).map(|(of, count)| (of.name, count.load(Ordering::Relaxed)));
        let by_operation: BTreeMap<&str, u64> = counted.filter(|(_, count)| *count > 0).collect();
        let throttled = self.throttled.load(Ordering::Relaxed);
        let connections = self.connections.load(Ordering::Relaxed);
        if method == Method::DELETE {
            let all = self.counts.iter().chain([&self.throttled, &self.connections]);
            all.for_each(|count| count.store(0, Ordering::Relaxed));
        }
        let answer =
            json!({"by_operation": by_operation, "throttled": throttled, "connections": connections})
                .to_string();
        Response::new(Body::from(answer))
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response
}

/// Answers on one connection until it is closed.
pub async fn connection(stand_in: Arc<StandIn>, stream: TcpStream) {
    stand_in.connections.fetch_add(1, Ordering::Relaxed);
    // Answers are small: waiting to fill a packet would only add latency.
    let _best_effort = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let stand_in = Arc::clone(&stand_in);
        async move { Ok::<_, Infallible>(stand_in.answer(request).await) }
    });
    // A client that goes away ends its connection, not the stand-in.
    let _closed =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
