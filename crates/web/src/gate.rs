//! The gate: from the headers of a request to a scope in a community, or to a refusal that tells nothing.

use std::sync::{
    Arc, RwLock,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::{Next, from_fn},
};
use domain::{
    Fact,
    access::{Grants, Principal, Right, Scope},
    values::{CommunityId, TownId},
};

use crate::Problem;

/// Name of the cookie that pages use over plain HTTP, on loopback or behind a proxy.
pub const COOKIE: &str = "gridward";
/// Its name over TLS.
pub const COOKIE_SECURE: &str = "__Host-gridward";

/// Who may enter, kept up to date by the service that owns it.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    grants: Arc<RwLock<Grants>>,
    open: Arc<AtomicBool>,
}

impl Gate {
    /// Takes in one more fact.
    pub fn apply(&self, fact: &Fact<'_>) {
        // nearly no fact does, and those who ask wait for this lock
        if !Grants::concerns(fact.event) {
            return;
        }
        // a poisoned lock still holds whole grants: a fact is applied or not
        self.grants.write().unwrap_or_else(std::sync::PoisonError::into_inner).apply(fact);
    }

    /// Says that the grants are those of the head of the log: before that nobody can be told apart, and everybody is asked to wait.
    pub fn open(&self) {
        self.open.store(true, Ordering::Release);
    }

    /// Whether the grants are known.
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// Forgets everything and closes: before a rebuild.
    pub fn reset(&self) {
        self.open.store(false, Ordering::Release);
        *self.grants.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Grants::default();
    }

    /// A look at the grants.
    pub fn with_grants<T>(&self, look: impl FnOnce(&Grants) -> T) -> T {
        look(&self.grants.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Who sent these headers.
    ///
    /// # Errors
    /// 401 without a token in force; 503 while the grants are not known.
    pub fn caller(&self, headers: &HeaderMap) -> Result<Principal, Problem> {
        if !self.is_open() {
            return Err(Problem::unavailable("starting", 1));
        }
        let unauthenticated = || Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated");
        let token = token(headers).ok_or_else(unauthenticated)?;
        self.with_grants(|grants| grants.authenticate(token)).ok_or_else(unauthenticated)
    }

    /// As [`Gate::caller`], for requests that change something: a cookie alone is believed only from our own pages.
    ///
    /// # Errors
    /// As [`Gate::caller`]; 403 for a request that another site made.
    pub fn caller_for_change(&self, headers: &HeaderMap) -> Result<Principal, Problem> {
        let by_cookie = headers.get(header::AUTHORIZATION).is_none();
        if by_cookie && !same_site(headers) {
            return Err(Problem::new(StatusCode::FORBIDDEN, "cross_site"));
        }
        self.caller(headers)
    }

    /// Who sent these headers, if that is somebody who operates the whole deployment.
    ///
    /// # Errors
    /// As [`Gate::caller`]; 403 for everybody else.
    pub fn operator(&self, headers: &HeaderMap) -> Result<Principal, Problem> {
        operating(self.caller(headers)?)
    }

    /// As [`Gate::operator`], for requests that change something.
    ///
    /// # Errors
    /// As [`Gate::operator`]; 403 for a request that another site made.
    pub fn operator_for_change(&self, headers: &HeaderMap) -> Result<Principal, Problem> {
        operating(self.caller_for_change(headers)?)
    }

    /// The scope of the sender in a community, with a right it must have there.
    ///
    /// # Errors
    /// 401, 503; 404 for a foreign community, the same bytes as for one that does not exist; 403 without the right.
    pub fn enter(&self, headers: &HeaderMap, community: &str, right: Right) -> Result<Scope, Problem> {
        self.admit(&self.caller(headers)?, community, right)
    }

    /// As [`Gate::enter`], for requests that change something.
    ///
    /// # Errors
    /// As [`Gate::enter`]; 403 for a request that another site made.
    pub fn enter_for_change(&self, headers: &HeaderMap, community: &str, right: Right) -> Result<Scope, Problem> {
        self.admit(&self.caller_for_change(headers)?, community, right)
    }

    /// The scope of a principal in a community, with a right it must have there.
    ///
    /// # Errors
    /// As [`Gate::enter`].
    pub fn admit(&self, principal: &Principal, community: &str, right: Right) -> Result<Scope, Problem> {
        let community: CommunityId = community.parse().map_err(|_| Problem::not_found())?;
        let scope = self.with_grants(|grants| grants.enter(principal, &community)).ok_or_else(Problem::not_found)?;
        if scope.may(right) { Ok(scope) } else { Err(Problem::new(StatusCode::FORBIDDEN, "forbidden")) }
    }

    /// The scope in which a principal founds a community.
    ///
    /// # Errors
    /// 404 as for any community one may not enter.
    pub fn found(&self, principal: &Principal, community: &CommunityId, town: &TownId) -> Result<Scope, Problem> {
        self.with_grants(|grants| grants.found(principal, community, town)).ok_or_else(Problem::not_found)
    }
}

fn operating(principal: Principal) -> Result<Principal, Problem> {
    if principal.may_everywhere(Right::Operate) { Ok(principal) } else { Err(Problem::new(StatusCode::FORBIDDEN, "forbidden")) }
}

/// Lets requests with a token that the gate does not know wait once, until `caught_up` says that the gate has heard what was on the log
/// when they arrived: a token that was made at one door is then good at the next.
pub fn patient<F, W>(router: Router, gate: &Gate, caught_up: F) -> Router
where
    F: Fn() -> W + Clone + Send + Sync + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    let gate = gate.clone();
    router.layer(from_fn(move |request: Request, next: Next| {
        let (gate, caught_up) = (gate.clone(), caught_up.clone());
        async move {
            if gate.is_open() && token(request.headers()).is_some_and(|token| gate.with_grants(|grants| grants.authenticate(token)).is_none()) {
                caught_up().await;
            }
            next.run(request).await
        }
    }))
}

/// The token that the headers bring: `Authorization`, else our cookie.
pub fn token(headers: &HeaderMap) -> Option<&str> {
    if let Some(authorization) = headers.get(header::AUTHORIZATION) {
        return authorization.to_str().ok()?.strip_prefix("Bearer ").map(str::trim);
    }
    cookie_token(headers)
}

/// The token that a browser keeps. A `__Host-` cookie goes first: nobody but this host can have set it, and nobody over plain HTTP.
pub fn cookie_token(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, COOKIE_SECURE).or_else(|| cookie(headers, COOKIE))
}

/// The first value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    cookies.filter_map(|cookie| cookie.trim().split_once('=')).find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// Whether a request comes from our own pages: Sec-Fetch-Site where the browser sends it; else Origin must be this host (OWASP CSRF guidance).
pub fn same_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin"), text("host")) {
        (Some(site), _, _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, authority)| authority == host),
        (None, None, _) => true,
        (None, Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_closed_gate_asks_to_wait_and_an_open_one_for_a_token() {
        let gate = Gate::default();
        assert_eq!(gate.caller(&HeaderMap::new()).unwrap_err().status(), StatusCode::SERVICE_UNAVAILABLE);
        gate.open();
        assert_eq!(gate.caller(&headers(&[("authorization", "Bearer nobody")])).unwrap_err().status(), StatusCode::UNAUTHORIZED);
    }

    #[test]
    fn a_change_by_cookie_comes_from_our_own_pages_only() {
        assert!(!same_site(&headers(&[("sec-fetch-site", "cross-site")])));
        assert!(!same_site(&headers(&[("origin", "https://evil.example"), ("host", "here:8080")])));
        assert!(same_site(&headers(&[("origin", "http://here:8080"), ("host", "here:8080")])));
        assert!(same_site(&headers(&[("sec-fetch-site", "same-origin")])));
    }

    #[test]
    fn another_site_cannot_have_a_page_operate() {
        let gate = Gate::default();
        gate.open();
        let refused = |site| gate.operator_for_change(&headers(&[("cookie", "gridward=abc"), ("sec-fetch-site", site)])).unwrap_err().code().to_owned();
        assert_eq!((refused("cross-site"), refused("same-origin")), ("cross_site".to_owned(), "unauthenticated".to_owned()));
    }

    #[test]
    fn the_token_is_found_in_header_or_cookie() {
        assert_eq!(token(&headers(&[("authorization", "Bearer abc")])), Some("abc"));
        assert_eq!(token(&headers(&[("cookie", "other=1; gridward=abc")])), Some("abc"));
        assert_eq!(token(&headers(&[("cookie", "__Host-gridward=abc")])), Some("abc"));
        assert_eq!(token(&headers(&[("authorization", "Basic abc"), ("cookie", "gridward=abc")])), None);
        // whoever can plant a cookie cannot plant this one
        assert_eq!(token(&headers(&[("cookie", "gridward=planted; __Host-gridward=abc")])), Some("abc"));
    }
}
