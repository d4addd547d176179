// The address before the sign-in is where it leads to: a browser keeps what stands after # through the redirection.
document.forms[0].action += location.hash;
