/**
 * Adds segment and tags to the table of WooCommerce → Customers.
 */
( function ( wp, words ) {
	'use strict';

	if ( ! wp || ! wp.hooks || ! words ) {
		return;
	}

	function link( url, text ) {
		var words = Array.from( text );
		var shown = words.length > 40 ? words.slice( 0, 39 ).join( '' ) + '…' : text;
		return text && wp.element ? wp.element.createElement( 'a', { href: url, title: text }, shown ) : shown;
	}

	function insert( list, more ) {
		return list.slice( 0, 1 ).concat( more, list.slice( 1 ) );
	}

	wp.hooks.addFilter( 'woocommerce_admin_report_table', 'wcflow-companion', function ( table ) {
		var data = table && table.items && table.items.data;
		if ( ! table || 'customers' !== table.endpoint || ! Array.isArray( data ) ) {
			return table;
		}
		/* After the name, where they are seen without scrolling. */
		table.headers = insert( table.headers || [], [
			{ label: words.segment, key: 'wcflow_segment', isSortable: false },
			{ label: words.tags, key: 'wcflow_tags', isSortable: false }
		] );
		table.rows = ( table.rows || [] ).map( function ( row, index ) {
			var item = data[ index ] || {};
			var segment = item.wcflow_segment || '';
			var tags = item.wcflow_tags || '';
			return insert( row, [
				{ display: link( words.list + encodeURIComponent( segment ), segment ), value: segment },
				{ display: link( words.page + ( item.wcflow_person || 0 ), tags ), value: tags }
			] );
		} );
		return table;
	} );
}( window.wp, window.wcflowAnalytics ) );
