// Whether a debate plays on by itself: kept in this tab.

/** Asked without a value, told with one. */
export function autoOf(id) {
  const keep = `debate-auto-${id}`;
  return (value) => {
    try {
      if (value !== undefined) sessionStorage.setItem(keep, value ? "1" : "");
      return sessionStorage.getItem(keep) === "1";
    } catch {
      return document.getElementById("auto").checked;
    }
  };
}
