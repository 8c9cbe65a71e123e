mod abuse;
mod manners;
mod rig;
mod sites;
mod transfers;
