/**
 * Conveniences: the panel is renewed in place, a bulk action shows the field it needs, everyone who matches
 * can be selected after the whole page, and screen readers hear what became of a form.
 * Everything also works without this script.
 */
( function () {
	'use strict';

	var settings = window.wcflowAdmin || {};

	function say( words, manner ) {
		if ( window.wp && window.wp.a11y ) {
			window.wp.a11y.speak( words, manner || 'polite' );
		}
	}

	function message( panel, words, ok ) {
		var line = document.createElement( 'div' );
		line.className = ok ? 'notice notice-success inline' : 'notice notice-error inline';
		line.appendChild( document.createElement( 'p' ) ).textContent = words;
		panel.insertBefore( line, panel.firstChild );
		say( words, ok ? 'polite' : 'assertive' );
	}

	/* The forms of the panel stand at the end of the page; their fields are in the panel. */
	document.addEventListener( 'submit', function ( event ) {
		var form = event.target;
		var panel = document.getElementById( 'wcflow-panel-body' );
		if ( ! form.dataset || ! form.dataset.wcflowLive || ! panel || ! window.fetch ) {
			return;
		}
		event.preventDefault();
		if ( 'true' === panel.getAttribute( 'aria-busy' ) ) {
			return;
		}
		var body = new FormData( form );
		var button = event.submitter;
		var focus = form.id;
		if ( button && button.name ) {
			body.append( button.name, button.value );
		}
		panel.setAttribute( 'aria-busy', 'true' );
		window.fetch( settings.ajax, { method: 'POST', body: body, credentials: 'same-origin' } ).then( function ( response ) {
			return response.json();
		} ).then( function ( answer ) {
			if ( ! answer || undefined === answer.ok ) {
				throw new Error( 'no answer' );
			}
			if ( answer.ok && answer.html ) {
				panel.innerHTML = answer.html;
			}
			message( panel, answer.words, answer.ok );
			var again = panel.querySelector( 'wcflow-form-note-add' === focus ? '#wcflow-note-text' : '#wcflow-add-tag' );
			if ( again ) {
				again.focus();
			}
		} ).catch( function () {
			message( panel, settings.failed, false );
		} ).then( function () {
			panel.removeAttribute( 'aria-busy' );
		} );
	} );

	/* WooCommerce takes the key Enter in fields of an order for itself. */
	document.addEventListener( 'keydown', function ( event ) {
		var field = event.target;
		if ( 'Enter' !== event.key || ! field.closest || ! field.closest( '#wcflow-panel-body' ) || 'INPUT' !== field.tagName || ! field.form ) {
			return;
		}
		event.preventDefault();
		field.form.requestSubmit();
	} );

	function showFields() {
		var chosen = Array.prototype.map.call( document.querySelectorAll( 'select[name="action"], select[name="action2"]' ), function ( select ) {
			return select.value;
		} );
		Array.prototype.forEach.call( document.querySelectorAll( '[data-wcflow-for]' ), function ( field ) {
			field.hidden = ! field.getAttribute( 'data-wcflow-for' ).split( ' ' ).some( function ( action ) {
				return -1 !== chosen.indexOf( action );
			} );
		} );
	}

	document.addEventListener( 'change', function ( event ) {
		if ( event.target.matches && event.target.matches( 'select[name="action"], select[name="action2"]' ) ) {
			showFields();
		}
	} );

	/* Everyone who matches can be selected once the whole page is. */
	function offerAll() {
		var line = document.querySelector( '.wcflow-select-all' );
		if ( ! line ) {
			return;
		}
		var boxes = Array.prototype.slice.call( document.querySelectorAll( '#the-list input[name="customer[]"]' ) );
		var whole = boxes.length > 0 && boxes.every( function ( box ) {
			return box.checked;
		} );
		var words = line.querySelector( '.wcflow-page-selected' );
		if ( whole && line.hidden ) {
			say( words.textContent + ' ' + line.querySelector( 'label' ).textContent );
		}
		words.hidden = false;
		line.hidden = ! whole;
		if ( ! whole ) {
			line.querySelector( 'input' ).checked = false;
		}
	}

	document.addEventListener( 'change', function ( event ) {
		if ( event.target.matches && event.target.matches( '.wp-list-table.customers input[type="checkbox"]' ) ) {
			window.setTimeout( offerAll, 0 ); /* WordPress checks the others first. */
		}
	} );

	document.addEventListener( 'click', function ( event ) {
		if ( event.target.matches && event.target.matches( '.wp-list-table.customers input[type="checkbox"]' ) ) {
			window.setTimeout( offerAll, 0 );
		}
	} );

	function start() {
		showFields();
		offerAll();
		Array.prototype.forEach.call( document.querySelectorAll( '.wcflow-said' ), function ( line ) {
			say( line.textContent.trim(), line.classList.contains( 'notice-success' ) ? 'polite' : 'assertive' );
		} );
	}

	if ( 'loading' === document.readyState ) {
		document.addEventListener( 'DOMContentLoaded', start );
	} else {
		start();
	}
}() );
